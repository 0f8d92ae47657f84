package db_test

import (
	"crypto/tls"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// fillPool leaves more idle connections than the two that database/sql tries before it opens
// a new one.
func fillPool(t *testing.T, s *database) {
	t.Helper()
	var held []interface{ Close() error }
	for range 3 {
		conn, err := s.Pools()["read"].Conn(t.Context())
		if err != nil {
			t.Errorf("connect: %v", err)
			continue
		}
		held = append(held, conn)
	}
	for _, conn := range held {
		_ = conn.Close()
	}
}

// ways are methods that use connections in different ways: a read, a write, a transaction, and
// one on a connection that it keeps.
var ways = []string{"Ping", "Task", "ListTasks", "CreateTask", "CreateTaskOnce", "MigrateUp"}

// allSucceed calls these methods, or every method. Before each call it breaks all idle
// connections.
func allSucceed(t *testing.T, s *database, fault func(), names ...string) {
	t.Helper()
	u, session := signedUp(t, s)
	task := created(t, s, newTask(u.ID))
	calls := methods(t.Context(), s, u, session, task)
	if len(names) == 0 {
		names = slices.Collect(maps.Keys(calls))
	}
	for _, name := range names {
		fillPool(t, s)
		fault()
		if err := calls[name](); err != nil {
			t.Errorf("%s on connections that died while idle: got error %v, want none", name, err)
		}
	}
}

// TestConnectionsThatDieWhileIdleAreNotNoticed calls every method after one fault. Whether a
// dead connection is noticed does not depend on the method, so a few are enough for the others.
func TestConnectionsThatDieWhileIdleAreNotNoticed(t *testing.T) {
	t.Parallel()
	for _, v := range served() {
		t.Run("terminated, "+v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			raw := d.Raw(t)
			allSucceed(t, d, func() { pgtest.TerminateOthers(t, raw.DB) })
		})
	}
	t.Run("reset", func(t *testing.T) {
		t.Parallel()
		direct := storetest.PostgresURL(t)
		p := newProxy(t, direct, nil)
		allSucceed(t, migratedURL(t, p.URL, direct), p.Reset, ways...)
	})
	t.Run("reset under TLS", func(t *testing.T) {
		t.Parallel()
		direct := storetest.PostgresURL(t)
		p := newProxy(t, direct, selfSigned(t))
		allSucceed(t, migratedURL(t, p.URL, direct), p.Reset, ways...)
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

	p.CutAfter("INSERT INTO tasks")
	_, err := d.CreateTask(t.Context(), newTask(u.ID))
	wantError(t, "create, answer lost", err, db.ErrUnavailable)
	if got := tasks(); got != 2 {
		t.Errorf("tasks after a lost answer: got %d, want 2", got)
	}
	p.CutAfter("COMMIT\x00")
	_, _, err = d.CreateTaskOnce(t.Context(), newTask(u.ID), newOnce("k1"))
	wantError(t, "create with a key, confirmation lost", err, db.ErrUnavailable)
	if got := tasks(); got != 3 {
		t.Errorf("tasks after a lost confirmation: got %d, want 3", got)
	}
	p.CutAfter("INSERT INTO tasks")
	_, _, err = d.CreateTaskOnce(t.Context(), newTask(u.ID), newOnce("k2"))
	wantError(t, "create with a key, statement's answer lost", err, db.ErrUnavailable)
	if got := tasks(); got != 3 {
		t.Errorf("tasks after a lost answer within the transaction: got %d, want 3", got)
	}
	p.CutAfter("UPDATE tasks")
	_, err = d.ToggleTask(t.Context(), u.ID, task.ID, nil, base())
	wantError(t, "toggle, answer lost", err, db.ErrUnavailable)
	if got := completed(); got != 1 {
		t.Errorf("completed after one toggle: got %d, want 1", got)
	}
	p.CutAfter("DELETE FROM tasks")
	wantError(t, "delete, answer lost", d.DeleteTask(t.Context(), u.ID, task.ID, nil, base()), db.ErrUnavailable)

	p.CutAfter("BEGIN")
	if _, _, err := d.CreateTaskOnce(t.Context(), newTask(u.ID), newOnce("k3")); err != nil {
		t.Errorf("create with a key, answer to BEGIN lost: got error %v, want none", err)
	}
	if got := tasks(); got != 3 { // one was added, and one was deleted above
		t.Errorf("tasks: got %d, want 3", got)
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
			const writers, each = 6, 40
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
			raw := d.Raw(t)
			for busy := true; busy; {
				pgtest.TerminateOthers(t, raw.DB)
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
