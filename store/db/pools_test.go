package db_test

import (
	"context"
	"testing"

	"github.com/jmoiron/sqlx"

	"vestibule/internal/storetest"
	"vestibule/store"
	"vestibule/store/db"
)

// holdAll takes all connections of a pool until the end of the test.
func holdAll(t *testing.T, pool *sqlx.DB) {
	t.Helper()
	for range pool.Stats().MaxOpenConnections {
		conn, err := pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
}

// openWith opens the database with as many connections.
func openWith(t *testing.T, databaseURL string, connections int) *database {
	t.Helper()
	s, err := store.OpenWith(t.Context(), databaseURL, db.Options{MaxConnections: connections})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return storetest.On(s)
}

func TestSharesAddUp(t *testing.T) {
	t.Parallel()
	if got, want := db.SharesOf(db.DefaultConnections), (db.Shares{Read: 6, Write: 4, Accounts: 4, Count: 2, Listen: 1, Announce: 1}); got != want {
		t.Errorf("got %+v, want the %+v of the documents", got, want)
	}
	for n := db.MinConnections; n <= db.MaxConnections; n++ {
		s := db.SharesOf(n)
		if sum := s.Read + s.Write + s.Accounts + s.Count + s.Listen + s.Announce; sum != n {
			t.Errorf("%+v: got %d in all, want %d", s, sum, n)
		}
		if min(s.Accounts, s.Count) < 1 || min(s.Read, s.Write) < 2 {
			t.Errorf("of %d: got %+v, want some for each kind of work", n, s)
		}
	}
}

func TestTooFewConnectionsAreRefused(t *testing.T) {
	t.Parallel()
	s, err := store.OpenWith(t.Context(), storetest.PostgresURL(t), db.Options{MaxConnections: db.MinConnections - 1})
	if err == nil {
		_ = s.Close()
		t.Error("got no error")
	}
}

// TestProxiedRequestsHaveConnectionsOfTheirOwn: neither sign-in nor writes can take those
// that sessions and reads need, and readers cannot take those of writes.
func TestProxiedRequestsHaveConnectionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	u, session := signedUp(t, migratedURL(t, direct, direct))
	task := created(t, open(t, direct), newTask(u.ID))
	calls := func(d *database) map[string]map[string]func() error {
		every := methods(t.Context(), d, u, session, task)
		one := func(names ...string) map[string]func() error {
			some := map[string]func() error{}
			for _, name := range names {
				some[name] = every[name]
			}
			return some
		}
		return map[string]map[string]func() error{
			"read":     one("SessionByTokenHash", "Task", "TaskPage", "TaskFeed", "LiveSessions"),
			"write":    one("CreateTask", "ToggleTask", "CreateTaskOnce", "ExtendSession", "MarkCookieSent", "EndSession"),
			"accounts": one("CredentialByEmail", "StartSession", "CreateUser", "Record"),
			"counting": one("Count", "Counters"),
		}
	}
	for free := range calls(nil) {
		t.Run(free, func(t *testing.T) {
			t.Parallel()
			d := openWith(t, direct, db.MinConnections)
			for name, pool := range d.Pools() {
				if name != free {
					holdAll(t, pool)
				}
			}
			for name, call := range calls(d)[free] {
				if err := call(); err != nil {
					t.Errorf("%s while all other connections are taken: %v", name, err)
				}
			}
		})
	}
}

// TestTheFewestConnectionsAreEnough for every call, also for many at a time. A call that
// needed a second connection would wait for itself.
func TestTheFewestConnectionsAreEnough(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	d := openWith(t, direct, db.MinConnections)
	d.URL, d.Direct = direct, direct
	u, session := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	for name, call := range methods(context.WithoutCancel(t.Context()), d, u, session, task) {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	hearing(t, d).Eventually(t, "listening", func(e *storetest.Ear) bool { return e.IsListening != nil && *e.IsListening })
	if n := d.CountRows(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); n > db.MinConnections {
		t.Errorf("got %d connections, want %d at most", n, db.MinConnections)
	}
}
