package token

import (
	"testing"

	"vestibule/internal/jose"
)

// TestATokenOfAnotherAudienceIsNotExchanged: a service that got it for itself could otherwise
// turn it into a token for the task API.
func TestATokenOfAnotherAudienceIsNotExchanged(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		m := mustOpen(t, config(algorithm, newClock()), &memory{})
		tok, err := m.Mint(alice, "ses_one", Kind{Audience: "billing", Scope: "tasks:read", Claims: UserClaims()})
		if err != nil {
			t.Fatal(err)
		}
		refusedSubject(t, m, tok.Raw, "aud")
		s, err := m.VerifyBearer(t.Context(), tok.Raw)
		if err != nil || s.UserID != "usr_alice" || s.SessionID != "ses_one" || s.Audience != "billing" {
			t.Errorf("got %+v, %v", s, err)
		}
	}
}

// TestATokenOfAStrangerCausesNoQuery: anybody can make up a kid.
func TestATokenOfAStrangerCausesNoQuery(t *testing.T) {
	t.Parallel()
	c := config(jose.EdDSA, newClock())
	keys := &memory{}
	m := mustOpen(t, c, keys)
	raw := mustMint(t, mustOpen(t, c, &memory{})).Raw // of another installation
	mustJWKS(t, m)
	before := keys.reads
	for range 3 {
		if _, err := m.VerifyBearer(t.Context(), raw); err == nil {
			t.Fatal("got no error")
		}
	}
	if n := keys.reads - before; n != 0 {
		t.Errorf("got %d readings of the table, want none", n)
	}
	refusedSubject(t, m, raw, "signature")
	if n := keys.reads - before; n != 1 {
		t.Errorf("with a client's request: got %d readings, want 1", n)
	}
}
