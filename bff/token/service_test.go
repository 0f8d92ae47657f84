package token

import (
	"testing"
	"time"

	"vestibule/internal/jose"
)

func TestServiceTokensNeedAllTheirClaims(t *testing.T) {
	t.Parallel()
	m := mustOpen(t, config(jose.HS256, newClock()), nil)
	if _, err := m.MintService("", "a", "tasks:read"); err == nil {
		t.Error("a token without a client was minted")
	}
	if _, err := m.MintExchanged(Subject{UserID: "usr_alice", Expires: newClock().Now().Add(time.Minute)}, "svc_a", "a", ""); err == nil {
		t.Error("an exchanged token without a scope was minted: it would allow everything")
	}
	s := Subject{UserID: "usr_alice", Expires: newClock().Now().Add(time.Minute), Actor: &Actor{"svc_a", &Actor{"svc_b", &Actor{"svc_c", nil}}}}
	if _, err := m.MintExchanged(s, "svc_d", "a", "tasks:read"); err == nil {
		t.Error("a fourth service got a token")
	}
}
