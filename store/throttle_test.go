package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/storetest"
	"vestibule/store"
)

func counterReadCase(t *testing.T, d *database) {
	a, b, none := newHash(), newHash(), newHash()
	want := store.Counter{Count: 3, Strikes: 1, WindowEnd: kept(time.Minute), BlockedUntil: kept(time.Hour), ExpiresAt: kept(2 * time.Hour)}
	if err := d.Count(t.Context(), []string{b, a}, func(c []store.Counter) { c[0], c[1] = want, want; c[0].Count = 4 }); err != nil {
		t.Fatal(err)
	}
	got, err := d.Counters(t.Context(), []string{a, none, b})
	if err != nil {
		t.Fatal(err)
	}
	other := want
	other.Count = 4
	if diff := cmp.Diff([]store.Counter{want, {}, other}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := d.count(t, `SELECT count(*) FROM throttle WHERE key = ?`, none); n != 0 {
		t.Error("a read has made a row")
	}
}

// TestCountingHasConnectionsOfItsOwn: whoever tries a thousand things at once takes none
// of the connections that others' requests need, and the other way round.
func TestCountingHasConnectionsOfItsOwn(t *testing.T) {
	t.Parallel()
	d := storetest.Postgres(t)
	main, counting := d.Pools()["write"], d.CountingPool()
	if n := main.Stats().MaxOpenConnections + counting.Stats().MaxOpenConnections; n != 20 {
		t.Errorf("got %d connections in all, want the 20 of the documents", n)
	}
	within, stay := make(chan struct{}), make(chan struct{})
	done := make(chan error, store.CountingAtOnce)
	for range store.CountingAtOnce {
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
	for range store.CountingAtOnce {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for range main.Stats().MaxOpenConnections {
		conn, err := main.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if err := d.Count(t.Context(), []string{newHash()}, func([]store.Counter) {}); err != nil {
		t.Errorf("counting while others have all connections: %v", err)
	}
	if _, err := d.Counters(t.Context(), []string{newHash()}); err != nil {
		t.Errorf("reading counters while others have all connections: %v", err)
	}
}
