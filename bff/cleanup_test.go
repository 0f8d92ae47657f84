package bff_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// record records an event n times, in one transaction.
func record(t *testing.T, db *store.Store, e store.Event, n int) {
	t.Helper()
	events := slices.Repeat([]store.Event{e}, n)
	if err := db.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.Record(events...) }); err != nil {
		t.Fatal(err)
	}
}

// recordEvents records n events of a user at the same time.
func recordEvents(t *testing.T, db *store.Store, userID string, at time.Time, n int) {
	t.Helper()
	record(t, db, store.Event{At: at, Type: store.EventSignIn, Actor: store.ActorUser, UserID: userID}, n)
}

// countEvents returns how many events of a user are left.
func countEvents(t *testing.T, db *store.Store, userID string) int {
	t.Helper()
	events, err := db.Events(t.Context(), store.EventFilter{UserID: userID}, 10*bff.PruneBatch)
	if err != nil {
		t.Fatal(err)
	}
	return len(events)
}

func TestEventsAreKeptAsLongAsConfigured(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		const age = 48 * time.Hour
		start := s.clock.Now()
		recordEvents(t, s.db, "usr_old", start, bff.PruneBatch+1)
		recordEvents(t, s.db, "usr_new", start.Add(time.Hour), 1)
		for _, tt := range []struct {
			after    time.Duration
			old, new int
		}{
			{0, bff.PruneBatch + 1, 1},
			{age, bff.PruneBatch + 1, 1},
			{age + time.Millisecond, 0, 1},
			{age + time.Hour, 0, 1},
			{age + time.Hour + time.Millisecond, 0, 0},
		} {
			s.clock.Set(start.Add(tt.after))
			if err := bff.PruneEvents(s.server, t.Context()); err != nil {
				t.Fatal(err)
			}
			if old, young := countEvents(t, s.db, "usr_old"), countEvents(t, s.db, "usr_new"); old != tt.old || young != tt.new {
				t.Errorf("after %v: got %d and %d events, want %d and %d", tt.after, old, young, tt.old, tt.new)
			}
		}
	}, func(c *bff.Config) { c.AuditRetention = 48 * time.Hour })
}

func TestEventsAreKeptForEver(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		recordEvents(t, s.db, "usr_old", time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), 1)
		if err := bff.PruneEvents(s.server, t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := countEvents(t, s.db, "usr_old"); n != 1 {
			t.Errorf("got %d events, want 1", n)
		}
	}, func(c *bff.Config) { c.AuditRetention = bff.None })
}

func TestARunningServerDeletesExpiredRows(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		old := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		recordEvents(t, db, "usr_old", old, 1)
		if err := db.Count(t.Context(), []string{"key"}, func(c []store.Counter) {
			c[0] = store.Counter{Count: 1, WindowEnd: old, ExpiresAt: old}
		}); err != nil {
			t.Fatal(err)
		}
		newSite(t, db, func(c *bff.Config) { c.AuditRetention = 2160 * time.Hour })
		left := func() int {
			counters, err := db.Counters(t.Context(), []string{"key"})
			if err != nil {
				t.Fatal(err)
			}
			return countEvents(t, db, "usr_old") + counters[0].Count
		}
		waittest.Until(t, "the old events and counters are gone", func() bool { return left() == 0 })
	})
}

func TestExpiredRowsAreDeleted(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
		s.mail("ada@example.com", 1)
		s.clock.Advance(365 * 24 * time.Hour)
		if err := bff.Prune(s.server, s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
		now := s.clock.Now()
		for what, del := range map[string]func(context.Context, time.Time) (int64, error){
			"sessions": s.db.DeleteExpiredSessions, "links": s.db.DeleteExpiredVerifications, "counters": s.db.DeleteExpiredCounters,
		} {
			if n, err := del(s.t.Context(), now); err != nil || n != 0 {
				s.t.Errorf("%s: got %d left, %v", what, n, err)
			}
		}
	})
}

// TestOldEventsAreDeleted: even if there are more than one batch.
func TestOldEventsAreDeleted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		now := time.Date(2095, 2, 3, 4, 5, 6, 0, time.UTC)
		record(t, db, store.Event{At: now.Add(-2 * time.Hour), Type: "x", Actor: store.ActorSystem}, 1200)
		record(t, db, store.Event{At: now.Add(-30 * time.Minute), Type: "x", Actor: store.ActorSystem}, 3)
		s := newSite(t, db, func(c *bff.Config) { c.AuditRetention = time.Hour })
		waittest.Until(t, "only the three events that are young enough are left", func() bool { return len(s.events("x")) == 3 })
	})
}
