package store_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/metricstest"
	"vestibule/store"
	"vestibule/store/db"
)

// measured opens the database once more, with metrics.
func measured(t *testing.T, d *database) (*store.Store, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	s, err := store.OpenWith(t.Context(), d.URL, db.Options{Metrics: registry})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, registry
}

func TestSessionsAreCounted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, first := signedUp(t, d)
		s, registry := measured(t, d)
		before := metricstest.Of(t, registry)
		tx := func(f func(*store.Tx) error) {
			t.Helper()
			if err := s.Tx(t.Context(), "test", f); err != nil {
				t.Fatal(err)
			}
		}
		var of [5]store.Session
		for i := range of {
			of[i] = newSession(u.ID)
			tx(func(tx *store.Tx) error { return tx.StartSession(of[i]) })
		}
		next := newSession(u.ID)
		tx(func(tx *store.Tx) error { return tx.StartSession(next, first.TokenHash, "unknown") })
		if _, err := s.ExtendSession(t.Context(), next.TokenHash, next.UpdatedAt, base().Add(time.Hour), base().Add(48*time.Hour)); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time there is nothing to do
			if _, err := s.ExtendSession(t.Context(), next.TokenHash, next.UpdatedAt, base().Add(time.Hour), base().Add(48*time.Hour)); err != nil {
				t.Fatal(err)
			}
			tx(func(tx *store.Tx) error { return tx.SignOut(event(store.EventSignOut), of[0].TokenHash) })
			if err := s.EndSession(t.Context(), of[1].TokenHash); err != nil {
				t.Fatal(err)
			}
		}
		tx(func(tx *store.Tx) error { return tx.RevokeSession(u.ID, of[2].ID, event("")) })
		tx(func(tx *store.Tx) error { return tx.KeepSessions(2, next, event("")) })
		if _, err := s.DeleteExpiredSessions(t.Context(), base().Add(1000*time.Hour)); err != nil {
			t.Fatal(err)
		}
		_ = s.Tx(t.Context(), "test", func(tx *store.Tx) error {
			_ = tx.StartSession(newSession(u.ID))
			return store.ErrConflict // nothing is committed
		})
		metricstest.Want(t, before, metricstest.Of(t, registry), map[string]float64{
			`vestibule_sessions_started_total`: 6, `vestibule_sessions_extended_total`: 1,
			`vestibule_sessions_ended_total{cause="replaced"}`: 1, `vestibule_sessions_ended_total{cause="signed-out"}`: 1,
			`vestibule_sessions_ended_total{cause="revoked"}`: 1, `vestibule_sessions_ended_total{cause="surplus"}`: 1,
			`vestibule_sessions_ended_total{cause="expired"}`: 3,
		})
	})
}

// TestTheDatabaseIsAskedOnlyDuringScrapes: and not at each of them.
func TestTheDatabaseIsAskedOnlyDuringScrapes(t *testing.T) {
	t.Parallel()
	const asked = `vestibule_database_calls_total{operation="count live sessions",result="ok"}`
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d)
		s, registry := measured(t, d)
		for i := range 3 {
			session := newSession(u.ID)
			if session.ExpiresAt = time.Now().Add(time.Hour); i == 0 {
				session.ExpiresAt = time.Now().Add(-time.Minute)
			}
			if err := d.Tx(t.Context(), "start", func(tx *store.Tx) error { return tx.StartSession(session) }); err != nil {
				t.Fatal(err)
			}
		}
		old := time.Now().Add(-time.Hour).UTC()
		if err := d.Tx(t.Context(), "mail", func(tx *store.Tx) error {
			return tx.QueueMail(store.Mail{Kind: store.MailReset, Recipient: u.Email, CreatedAt: old, DueAt: old})
		}); err != nil {
			t.Fatal(err)
		}
		s.Measure(registry)
		for range 3 {
			metricstest.Of(t, registry)
		}
		got := metricstest.Of(t, registry)
		if live := got["vestibule_sessions_live"]; live < 2 || live > 3 { // that of signedUp may live too
			t.Errorf("got %v live sessions", live)
		}
		if n, age := got["vestibule_outbox_mails"], got["vestibule_outbox_oldest_seconds"]; n != 1 || age < 3600 || age > 7200 {
			t.Errorf("got %v mails, the oldest of %v s; want one that is an hour old", n, age)
		}
		if got[asked] != 1 {
			t.Errorf("got %v questions to the database in 4 scrapes, want 1", got[asked])
		}
	})
}

// TestManySessionsAreEstimated: to count millions would disturb PostgreSQL.
func TestManySessionsAreEstimated(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	u, _ := signedUp(t, d)
	s, registry := measured(t, d)
	d.Exec(t, `INSERT INTO session (id, token, "userId", "rememberMe", "createdAt", "updatedAt", "expiresAt", "cookieAt")
		SELECT 'ses_x' || i, md5(i::text) || md5(i::text), '`+u.ID+`', true, now(), now(), now() + interval '1 hour', now() FROM generate_series(1, 12000) i`)
	d.Exec(t, `ANALYZE session`)
	s.Measure(registry)
	if got := metricstest.Of(t, registry)["vestibule_sessions_live"]; got < 11_000 || got > 13_000 {
		t.Errorf("got %v live sessions, want about 12000", got)
	}
}

// TestAnOutageHidesOnlyWhatHasToBeAsked: the rest of the scrape tells of the outage.
func TestAnOutageHidesOnlyWhatHasToBeAsked(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		s, registry := measured(t, d)
		s.Measure(registry)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		got := metricstest.Of(t, registry)
		for _, series := range []string{"vestibule_sessions_live", "vestibule_outbox_mails", "vestibule_outbox_oldest_seconds"} {
			if _, ok := got[series]; ok {
				t.Errorf("%s is %v without a database, want none", series, got[series])
			}
		}
		if _, ok := got["vestibule_sessions_started_total"]; !ok {
			t.Error("the other metrics are missing")
		}
	})
}
