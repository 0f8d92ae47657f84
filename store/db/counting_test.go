package db_test

import (
	"testing"

	"vestibule/internal/storetest"
	"vestibule/store"
)

// TestCountingHasConnectionsOfItsOwn: a thousand simultaneous attempts take no connection
// that other requests need, and other requests take none that attempts need.
func TestCountingHasConnectionsOfItsOwn(t *testing.T) {
	t.Parallel()
	d := storetest.Postgres(t)
	atOnce := d.Shares().Count
	within, stay := make(chan struct{}), make(chan struct{})
	done := make(chan error, atOnce)
	for range atOnce {
		key := newHash()
		go func() {
			done <- d.Count(t.Context(), []string{key}, func([]store.Counter) { within <- struct{}{}; <-stay })
		}()
		<-within
	}
	if err := d.Record(t.Context(), event("x")); err != nil {
		t.Errorf("a write beside as much counting as there can be: %v", err)
	}
	close(stay)
	for range atOnce {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for name, pool := range d.Pools() {
		if name != "counting" {
			holdAll(t, pool)
		}
	}
	if err := d.Count(t.Context(), []string{newHash()}, func([]store.Counter) {}); err != nil {
		t.Errorf("counting while others have all connections: %v", err)
	}
	if _, err := d.Counters(t.Context(), []string{newHash()}); err != nil {
		t.Errorf("reading counters while others have all connections: %v", err)
	}
}
