package token

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/jose"
	"vestibule/internal/metricstest"
)

func TestAgesOfSigningKeysAreShown(t *testing.T) {
	t.Parallel()
	const (
		age  = `vestibule_signing_key_age_seconds{state="signs"}`
		next = `vestibule_signing_key_age_seconds{state="next"}`
		in   = `vestibule_signing_key_next_seconds`
	)
	clock, registry := newClock(), prometheus.NewRegistry()
	c := config(jose.EdDSA, clock)
	c.Rotation, c.Metrics = 24*time.Hour, registry
	m := mustOpen(t, c, &memory{})
	near := func(what, series string, want time.Duration) {
		t.Helper()
		got, ok := metricstest.Of(t, registry)[series]
		if d := got - want.Seconds(); !ok || d < -1 || d > 1 {
			t.Errorf("%s: got %s %v %t, want %v", what, series, got, ok, want.Seconds())
		}
	}
	maintain := func() {
		t.Helper()
		if err := m.Maintain(t.Context(), false); err != nil {
			t.Fatal(err)
		}
	}
	near("at the start", age, 0)
	near("at the start", in, c.Rotation)
	clock.Advance(c.Rotation - lead/2)
	near("a late rotation", in, lead/2)
	maintain()
	near("with a next key", age, c.Rotation-lead/2)
	near("with a next key", next, 0)
	near("with a next key", in, lead)
	clock.Advance(lead)
	maintain()
	near("after the rotation", age, lead)
	near("after the rotation", in, c.Rotation)
	if _, ok := metricstest.Of(t, registry)[next]; ok {
		t.Error("after the rotation there is still a next key")
	}
}

func TestMintedTokensAreCounted(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	c := config(jose.HS256, newClock())
	c.Metrics = registry
	m := mustOpen(t, c, nil)
	before := metricstest.Of(t, registry)
	mustMint(t, m)
	if _, err := m.MintService("svc_a", "tasks", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := m.MintService("", "tasks", ""); err == nil {
		t.Error("got a token for nobody")
	}
	if _, err := m.MintExchanged(Subject{UserID: "usr_a", SessionID: "ses_a", Expires: c.Now().Add(time.Minute)}, "svc_a", "tasks", "x"); err != nil {
		t.Fatal(err)
	}
	metricstest.Want(t, before, metricstest.Of(t, registry), map[string]float64{
		`vestibule_tokens_minted_total{kind="session"}`: 1, `vestibule_tokens_minted_total{kind="service"}`: 1, `vestibule_tokens_minted_total{kind="exchange"}`: 1,
	})
}
