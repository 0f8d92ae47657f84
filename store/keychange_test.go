package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func keyChangeCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"keys are changed with their events, or not at all": keyChangeCase,
		"changes of keys wait for each other":               keyTurnsCase,
	}
}

func keyChangeCase(t *testing.T, d *database) {
	a, b := newKey("key_a"), newKey("key_b")
	b.SignsAt = new(base().Add(time.Minute))
	e := store.Event{At: base(), Type: store.EventKeyCreated, Actor: store.ActorSystem, RequestID: a.ID}
	change := func(c store.KeyChange, err error) error {
		return d.ChangeKeys(t.Context(), func([]store.Key) (store.KeyChange, error) { return c, err })
	}
	if err := change(store.KeyChange{Add: []store.Key{a, b}, Events: []store.Event{e}}, nil); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	wantError(t, "a plan that refuses", change(store.KeyChange{Delete: []string{a.ID}}, refused), refused)
	wantError(t, "an unknown key", change(store.KeyChange{Delete: []string{a.ID, "key_unknown"}}, nil), store.ErrNotFound)
	wantError(t, "an unknown key", change(store.KeyChange{Update: []store.Key{newKey("key_")}, Delete: []string{a.ID}}, nil), store.ErrNotFound)
	b.PrivateKey, b.ExpiresAt = "other", new(base().Add(time.Hour))
	if err := change(store.KeyChange{Update: []store.Key{b}}, nil); err != nil {
		t.Fatal(err)
	}
	a.CreatedAt, b.CreatedAt, b.SignsAt, b.ExpiresAt = kept(0), kept(0), new(kept(time.Minute)), new(kept(time.Hour))
	if diff := cmp.Diff([]store.Key{a, b}, keysOf(t, d, a, b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := change(store.KeyChange{Delete: []string{b.ID}}, nil); err != nil || len(keysOf(t, d, a, b)) != 1 {
		t.Errorf("got %v and %+v, want the first key alone", err, keysOf(t, d, a, b))
	}
	if n := d.CountRows(t, `SELECT count(*) FROM audit WHERE "requestId" = ?`, a.ID); n != 1 {
		t.Errorf("got %d events, want 1", n)
	}
}

// keyTurnsCase: each change sees those before it, so one of them adds the key.
func keyTurnsCase(t *testing.T, d *database) {
	k := newKey("key_")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := d.ChangeKeys(t.Context(), func(rows []store.Key) (store.KeyChange, error) {
				for _, row := range rows {
					if row.ID == k.ID {
						return store.KeyChange{}, nil
					}
				}
				return store.KeyChange{Add: []store.Key{k}}, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := keysOf(t, d, k); len(got) != 1 {
		t.Errorf("got %d keys, want 1", len(got))
	}
}
