package store_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/waittest"
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
	if n := d.CountRows(t, `SELECT count(*) FROM throttle WHERE key = ?`, none); n != 0 {
		t.Error("a read has made a row")
	}
}

func counterCase(t *testing.T, d *database) {
	a, b := newHash(), newHash()
	want := store.Counter{Count: 3, Strikes: 1, WindowEnd: kept(time.Minute), BlockedUntil: kept(time.Hour), ExpiresAt: kept(2 * time.Hour)}
	see := func(keys []string, want []store.Counter, put func([]store.Counter)) {
		t.Helper()
		err := d.Count(t.Context(), keys, func(got []store.Counter) {
			for i := range got {
				if got[i].BlockedUntil.Equal(time.Unix(0, 0)) {
					got[i].BlockedUntil = time.Time{}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			put(got)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	see([]string{b, a}, []store.Counter{{}, {}}, func(c []store.Counter) { c[0] = want })
	see([]string{a, b}, []store.Counter{{}, want}, func(c []store.Counter) {
		c[0], c[1] = store.Counter{Count: 1, WindowEnd: base(), ExpiresAt: base()}, store.Counter{}
	})
	see([]string{a, b}, []store.Counter{{Count: 1, WindowEnd: kept(0), ExpiresAt: kept(0)}, {}}, func([]store.Counter) {})
	if n := d.CountRows(t, `SELECT count(*) FROM throttle WHERE key IN (?, ?)`, a, b); n != 1 {
		t.Errorf("got %d rows, want none for a counter that is zero", n)
	}
	if n, err := d.DeleteExpiredCounters(t.Context(), base()); err != nil || n < 1 {
		t.Errorf("got %d, %v; want the expired counter deleted", n, err)
	}
}

// counterLockCase holds one counter and counts with both: the call must lock the first in
// order, whichever is named first, and wait for the held one. On SQLite one writer locks
// the whole file.
func counterLockCase(t *testing.T, d *database) {
	if d.Engine() == "sqlite" {
		return
	}
	keys := []string{newHash(), newHash()}
	slices.Sort(keys)
	count := func(ctx context.Context) error {
		return d.Count(ctx, []string{keys[1], keys[0]}, func(c []store.Counter) {
			for i := range c {
				c[i] = store.Counter{Count: 1, WindowEnd: base().Add(time.Hour), ExpiresAt: base().Add(time.Hour)}
			}
		})
	}
	if err := count(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw := d.Raw(t)
	holder, err := raw.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(`SELECT 1 FROM throttle WHERE key = $1 FOR UPDATE`, keys[1]); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var counting sync.WaitGroup
	counting.Go(func() {
		for ctx.Err() == nil {
			_ = count(ctx) // waits for the holder until it times out
		}
	})
	waittest.Until(t, "the first counter is locked", func() bool {
		var free int
		if err := raw.Get(&free, `SELECT count(*) FROM (SELECT 1 FROM throttle WHERE key = $1 FOR UPDATE SKIP LOCKED) AS free`, keys[0]); err != nil {
			t.Error(err)
		}
		return free == 0
	})
	cancel()
	counting.Wait()
	if err := holder.Rollback(); err != nil {
		t.Fatal(err)
	}
}

func counterOrderCase(t *testing.T, d *database) {
	a, b := newHash(), newHash()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			keys := []string{a, b}
			if i%2 == 1 {
				keys = []string{b, a}
			}
			err := d.Count(t.Context(), keys, func(c []store.Counter) {
				for i := range c {
					c[i].Count++
					c[i].WindowEnd, c[i].ExpiresAt = base().Add(time.Hour), base().Add(time.Hour)
				}
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := d.Count(t.Context(), []string{a, b}, func(c []store.Counter) {
		if c[0].Count != 20 || c[1].Count != 20 {
			t.Errorf("got %d and %d, want 20", c[0].Count, c[1].Count)
		}
	}); err != nil {
		t.Fatal(err)
	}
}
