package db_test

import (
	"crypto/tls"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// fillPool leaves more idle connections than database/sql tries before it opens a new one.
func fillPool(t *testing.T, s *database) {
	t.Helper()
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if err := s.Ping(t.Context()); err != nil {
				t.Errorf("ping: %v", err)
			}
		})
	}
	wg.Wait()
}

// allSucceed calls every method. Before each call it breaks all idle connections.
func allSucceed(t *testing.T, s *database, fault func()) {
	t.Helper()
	u, session := signedUp(t, s)
	task := created(t, s, newTask(u.ID))
	for name, call := range methods(t.Context(), s, u, session, task) {
		fillPool(t, s)
		fault()
		if err := call(); err != nil {
			t.Errorf("%s on connections that died while idle: got error %v, want none", name, err)
		}
	}
}

func TestConnectionsThatDieWhileIdleAreNotNoticed(t *testing.T) {
	t.Parallel()
	for _, v := range served() {
		t.Run("terminated, "+v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			allSucceed(t, d, func() { pgtest.Terminate(t, d.Direct) })
		})
	}
	t.Run("reset", func(t *testing.T) {
		t.Parallel()
		direct := storetest.PostgresURL(t)
		p := newProxy(t, direct, nil)
		allSucceed(t, migratedURL(t, p.URL, direct), p.Reset)
	})
	t.Run("reset under TLS", func(t *testing.T) {
		t.Parallel()
		direct := storetest.PostgresURL(t)
		p := newProxy(t, direct, selfSigned(t))
		allSucceed(t, migratedURL(t, p.URL, direct), p.Reset)
	})
}

// TestAWriteIsNeverSentTwice loses the server's answers. lib/pq and database/sql together
// would repeat the statement.
func TestAWriteIsNeverSentTwice(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	p := newProxy(t, direct, nil)
	d := migratedURL(t, p.URL, direct)
	u, session := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	tasks := func() int { return d.CountRows(t, `SELECT count(*) FROM tasks WHERE user_id = ?`, u.ID) }
	completed := func() int { return d.CountRows(t, `SELECT count(*) FROM tasks WHERE id = ? AND completed`, task.ID) }

	p.CutAfter("COMMIT\x00")
	_, err := d.CreateTask(t.Context(), newTask(u.ID))
	wantError(t, "create, confirmation lost", err, db.ErrUnavailable)
	if got := tasks(); got != 2 {
		t.Errorf("tasks after a lost confirmation: got %d, want 2", got)
	}
	p.CutAfter("INSERT INTO tasks")
	_, err = d.CreateTask(t.Context(), newTask(u.ID))
	wantError(t, "create, statement's answer lost", err, db.ErrUnavailable)
	if got := tasks(); got != 2 {
		t.Errorf("tasks after a lost answer within the transaction: got %d, want 2", got)
	}
	p.CutAfter("COMMIT\x00")
	_, err = d.ToggleTask(t.Context(), u.ID, task.ID, nil, base())
	wantError(t, "toggle, confirmation lost", err, db.ErrUnavailable)
	if got := completed(); got != 1 {
		t.Errorf("completed after one toggle: got %d, want 1", got)
	}
	p.CutAfter("COMMIT\x00")
	wantError(t, "delete, confirmation lost", d.DeleteTask(t.Context(), u.ID, task.ID, nil, base()), db.ErrUnavailable)

	p.CutAfter("BEGIN")
	if _, err := d.CreateTask(t.Context(), newTask(u.ID)); err != nil {
		t.Errorf("create, answer to BEGIN lost: got error %v, want none", err)
	}
	if got := tasks(); got != 2 { // one was added, and one was deleted above
		t.Errorf("tasks: got %d, want 2", got)
	}
	p.CutAfter("FROM session")
	if _, _, err := d.SessionByTokenHash(t.Context(), session.TokenHash); err != nil {
		t.Errorf("read, answer lost: got error %v, want none", err)
	}
}

func TestConnectionsCutInUseLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	for _, v := range served() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			u, _ := signedUp(t, d)
			const writers, each = 6, 60
			var acknowledged sync.Map // title → true, or false after an error
			var failed atomic.Int32
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					for i := range each {
						task := newTask(u.ID)
						task.Title = fmt.Sprintf("writer %d task %d", w, i)
						_, err := d.CreateTask(t.Context(), task)
						if err != nil {
							failed.Add(1)
							wantError(t, "create", err, db.ErrUnavailable)
						}
						acknowledged.Store(task.Title, err == nil)
					}
				})
			}
			done := make(chan struct{})
			go func() { defer close(done); wg.Wait() }()
			for busy := true; busy; {
				pgtest.Terminate(t, d.Direct)
				select {
				case <-done:
					busy = false
				case <-time.After(30 * time.Millisecond):
				}
			}
			times := map[string]int{}
			for task, err := range d.ListTasks(t.Context(), u.ID, tasks.Query{}) {
				if err != nil {
					t.Fatalf("list afterwards: %v", err)
				}
				times[task.Title]++
			}
			acknowledged.Range(func(title, ok any) bool {
				if n := times[title.(string)]; n > 1 || (ok.(bool) && n != 1) {
					t.Errorf("%s: acknowledged %t, got it %d times", title, ok, n)
				}
				return true
			})
			t.Logf("%d of %d writes failed", failed.Load(), writers*each)
		})
	}
}

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
		s, err := db.OpenImpatient(t.Context(), databaseURL, 2*time.Second)
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
				if time.Since(back) > 20*time.Second {
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

func TestAConnectionThatFailsInUseLeavesThePool(t *testing.T) {
	t.Parallel()
	const silence = time.Second // even a busy machine answers faster
	for name, config := range map[string]*tls.Config{"plain": nil, "TLS": selfSigned(t)} {
		for fault, fail := range map[string]func(*storetest.Proxy){"reset": (*storetest.Proxy).Reset, "silent": (*storetest.Proxy).Freeze} {
			t.Run(fault+", "+name, func(t *testing.T) {
				t.Parallel()
				p := newProxy(t, pgtest.Database(t), config)
				db, err := db.OpenLinks(p.URL, silence)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				db.SetMaxOpenConns(1)
				conn, err := db.Conn(t.Context()) // database/sql repeats nothing on it
				if err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(silence/3, func() { fail(p) })
				start := time.Now()
				if _, err := conn.ExecContext(t.Context(), "SELECT pg_sleep(60)"); err == nil {
					t.Error("got an answer, want an error")
				}
				if took := time.Since(start); took > 30*time.Second {
					t.Errorf("took %v, want about %v", took, silence)
				}
				_ = conn.Close() // back into the pool
				p.Thaw()
				if _, err := db.Exec("SELECT 1"); err != nil {
					t.Errorf("the next user of the pool: got error %v, want none", err)
				}
			})
		}
	}
}

// lib/pq ignores the loss of a connection that follows an error at once. Then every later
// user of that connection would fail.
func TestAnErrorThatIsAServersLastWordDoesNotPoisonThePool(t *testing.T) {
	t.Parallel()
	p := newProxy(t, pgtest.Database(t), nil)
	db, err := db.OpenLinks(p.URL, db.Patience)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	p.CutBeforeReady()
	if _, err := db.Exec(`SELECT 1 / $1::int`, 0); err == nil {
		t.Error("division by zero: got no error")
	}
	if _, err := db.Exec(`SELECT 1 / $1::int`, 1); err != nil {
		t.Errorf("the next user of the pool: got error %v, want none", err)
	}
}
