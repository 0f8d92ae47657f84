package token

import (
	"testing"
	"time"

	"vestibule/internal/jose"
)

// TestTokensForOtherAudiencesAreRead: Verify reads every token of ours, and VerifySubject only
// what may be exchanged.
func TestTokensForOtherAudiencesAreRead(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		clk := newClock()
		m := mustOpen(t, config(algorithm, clk), &memory{})
		own, err := m.MintService("svc_a", "orders", "orders:read orders:write")
		if err != nil {
			t.Fatal(err)
		}
		s, err := m.Verify(t.Context(), own.Raw)
		if err != nil || s.UserID != "svc_a" || s.ClientID != "svc_a" || s.Audience != "orders" || len(s.Scope) != 2 || !s.Scoped || len(s.Digest) != 64 ||
			!s.Expires.Equal(own.Expires) || !s.IssuedAt.Equal(clk.Now().Truncate(time.Second)) || s.TokenID == "" {
			t.Errorf("%s: got %+v, %v", algorithm, s, err)
		}
		refusedSubject(t, m, own.Raw, "aud")
		other, err := m.MintService("svc_a", "orders", "orders:read orders:write")
		if err != nil {
			t.Fatal(err)
		}
		if twin, err := m.Verify(t.Context(), other.Raw); err != nil || twin.Digest == s.Digest {
			t.Errorf("%s: got the digest of another token, %v", algorithm, err)
		}
	}
	m := mustOpen(t, config(jose.HS256, newClock()), nil)
	for _, aud := range []string{``, `"aud":"",`, `"aud":["orders"],`, `"aud":[],`, `"aud":7,`, `"aud":null,`} {
		raw := foreign(t, `{"alg":"HS256"}`, `{"iss":"better-auth",`+aud+`"sub":"usr_alice","exp":1770091800}`, secret)
		if s, err := m.Verify(t.Context(), raw); err == nil {
			t.Errorf("%s: got %+v", aud, s)
		}
	}
}
