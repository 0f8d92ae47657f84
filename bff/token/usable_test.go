package token

import (
	"errors"
	"testing"
	"time"

	"vestibule/internal/jose"
)

// TestAKeyThatCannotBeUsedIsAFaultWhenItsTurnComes: also between two readings of the table.
func TestAKeyThatCannotBeUsedIsAFaultWhenItsTurnComes(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := &memory{}
	m := mustOpen(t, rotating(jose.EdDSA, clk), keys)
	want := func(when string, now, later error) {
		t.Helper()
		if got := m.Usable(); !errors.Is(got, now) || (got == nil) != (now == nil) {
			t.Errorf("%s: the key that signs: got %v, want %v", when, got, now)
		}
		if got := m.AllUsable(); !errors.Is(got, later) || (got == nil) != (later == nil) {
			t.Errorf("%s: all keys: got %v, want %v", when, got, later)
		}
	}
	want("with its own key", nil, nil)
	other := rotating(jose.EdDSA, clk)
	other.Secret, other.PreviousSecrets = otherSecret, [][]byte{secret}
	clk.Advance(rotation)
	mustMaintain(t, mustOpen(t, other, keys))
	if err := m.Maintain(t.Context(), true); !errors.Is(err, ErrSecretDiffers) {
		t.Fatalf("got %v, want %v", err, ErrSecretDiffers)
	}
	want("before the turn of another secret's key", nil, ErrSecretDiffers)
	reads := keys.reads
	clk.Advance(lead + time.Second)
	want("at its turn", ErrSecretDiffers, ErrSecretDiffers)
	if keys.reads != reads {
		t.Errorf("got %d readings of the table, want none", keys.reads-reads)
	}
	_ = m.Maintain(t.Context(), true)
	want("after the next reading", ErrSecretDiffers, ErrSecretDiffers)
	keys.rows = keys.rows[:0]
	mustMaintain(t, m)
	want("with a new key", nil, nil)
}

// TestAnotherPublicPartIsAFault: nobody can verify what this instance signs.
func TestAnotherPublicPartIsAFault(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := &memory{}
	m := mustOpen(t, config(jose.ES256, clk), keys)
	keys.rows[0].PublicKey = mustKey(t, config(jose.ES256, clk)).PublicKey
	clk.Advance(publishedFor)
	if _, err := m.JWKS(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Usable(); err == nil {
		t.Error("got no error")
	}
}

// TestADamagedPrivatePartIsNoFaultYet: this process has the key in memory. It could not start
// again.
func TestADamagedPrivatePartIsNoFaultYet(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := &memory{}
	m := mustOpen(t, config(jose.ES256, clk), keys)
	keys.rows[0].PrivateKey = sealPrefix + "AAAA"
	if err := m.Maintain(t.Context(), false); err == nil {
		t.Error("got no error of Maintain")
	}
	if err := m.Usable(); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if err := m.AllUsable(); !errors.Is(err, ErrSecretDiffers) {
		t.Errorf("got %v, want %v", err, ErrSecretDiffers)
	}
}

func TestASecretIsAlwaysUsable(t *testing.T) {
	t.Parallel()
	m := mustOpen(t, config(jose.HS256, newClock()), nil)
	if err := errors.Join(m.Usable(), m.AllUsable()); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}
