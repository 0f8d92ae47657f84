package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func keyCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"keys are read as they were written, the oldest first": keysCase,
		"a key's id is taken once":                             takenKeyCase,
		"keys of an older Better Auth are read":                legacyKeyCase,
	}
}

// keysOf returns those of all keys that the test has created.
func keysOf(t *testing.T, s *database, mine ...store.Key) []store.Key {
	t.Helper()
	all, err := s.Keys(t.Context())
	if err != nil {
		t.Fatalf("keys: %v", err)
	}
	return slices.DeleteFunc(all, func(k store.Key) bool {
		return !slices.ContainsFunc(mine, func(m store.Key) bool { return m.ID == k.ID })
	})
}

func keysCase(t *testing.T, d *database) {
	late, early, upper, lower := newKey("key_z"), newKey("key_y"), newKey("key_B"), newKey("key_a")
	late.CreatedAt = base().Add(time.Minute)
	late.ExpiresAt = new(base().Add(time.Hour))
	early.CreatedAt = base().Add(-time.Minute)
	for _, k := range []store.Key{late, lower, upper, early} {
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.AddKey(k) }); err != nil {
			t.Fatalf("add: %v", err)
		}
	}
	want := []store.Key{early, upper, lower, late} // keys of the same time are ordered by the bytes of the id
	for i, at := range []time.Duration{-time.Minute, 0, 0, time.Minute} {
		want[i].CreatedAt = kept(at)
	}
	want[3].ExpiresAt = new(kept(time.Hour))
	if diff := cmp.Diff(want, keysOf(t, d, want...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func takenKeyCase(t *testing.T, d *database) {
	k := newKey("key_")
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.AddKey(k) }); err != nil {
		t.Fatalf("add: %v", err)
	}
	twin := k
	twin.PublicKey = "another"
	wantError(t, "the same id", d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.AddKey(twin) }), store.ErrConflict)
	if got := keysOf(t, d, k); len(got) != 1 || got[0].PublicKey != k.PublicKey {
		t.Errorf("got %+v, want the first key alone", got)
	}
}

func legacyKeyCase(t *testing.T, d *database) {
	k := newKey("key_")
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.AddKey(k) }); err != nil {
		t.Fatalf("add: %v", err)
	}
	d.Exec(t, `UPDATE jwks SET alg = NULL, crv = NULL WHERE id = ?`, k.ID)
	if got := keysOf(t, d, k); len(got) != 1 || got[0].Algorithm != "" || got[0].Curve != "" {
		t.Errorf("got %+v, want one without algorithm and curve", got)
	}
}
