package db_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store/db"
)

func TestAServerThatIsDownIsUnavailableUntilItIsBack(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	direct := server.Database(t)
	bounced := pgtest.PgBouncer(t, direct)
	d := migratedURL(t, direct, direct)
	u, session := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	stores := map[string]*database{"direct": impatient(t, direct), "pgbouncer": impatient(t, bounced)}
	open := func(databaseURL string) error {
		s, err := db.OpenWithin(t.Context(), databaseURL, 2*time.Second)
		if err == nil {
			_ = s.Close()
		}
		return err
	}
	urls := map[string]string{"direct": direct, "pgbouncer": bounced}

	for _, end := range []func(testing.TB){server.Stop, server.Crash} {
		for _, s := range stores {
			fillPool(t, s)
		}
		end(t)
		var wg sync.WaitGroup
		for through, s := range stores {
			calls := methods(t.Context(), s, u, session, task)
			calls["Open"] = func() error { return open(urls[through]) }
			for name, call := range calls {
				wg.Go(func() {
					err := call()
					wantError(t, through+": "+name, err, db.ErrUnavailable)
					if err != nil && (strings.Contains(err.Error(), "pgtest-password") || strings.Contains(err.Error(), "postgres://")) {
						t.Errorf("%s: %s: the URL is in the error %v", through, name, err)
					}
				})
			}
		}
		wg.Wait()
		server.Start(t)
		for through, s := range stores {
			// PgBouncer remembers for a second that the server was down.
			back := time.Now()
			for err := s.Ping(t.Context()); err != nil; err = s.Ping(t.Context()) {
				wantError(t, "ping", err, db.ErrUnavailable)
				if time.Since(back) > waittest.Patience {
					t.Fatalf("%s: no service %v after the server was back: %v", through, time.Since(back), err)
				}
				time.Sleep(20 * time.Millisecond)
			}
			for name, call := range methods(t.Context(), s, u, session, task) {
				if err := call(); err != nil {
					t.Errorf("%s, when it is back: %s: got error %v, want none", through, name, err)
				}
			}
		}
	}
}

// A server that is cut off sends nothing, not even the end of its connections.
func TestAServerThatFallsSilentIsUnavailable(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	p := newProxy(t, direct, nil)
	d := migratedURL(t, p.URL, direct)
	u, session := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	s := impatient(t, p.URL)
	calls := methods(t.Context(), s, u, session, task)
	delete(calls, "MigrateUp") // has no time limit

	fillPool(t, s)
	p.Freeze()
	start := time.Now()
	var wg sync.WaitGroup
	for name, call := range calls {
		wg.Go(func() { wantError(t, name, call(), db.ErrUnavailable) })
	}
	wg.Wait()
	if took, limit := time.Since(start), 20*time.Second; took > limit {
		t.Errorf("took %v, want less than %v", took, limit)
	}
}
