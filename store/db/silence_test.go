package db_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
	"vestibule/store/db"
)

// farLimit is a time limit of calls that no test reaches: what ends earlier has another
// reason.
const farLimit = time.Hour

// TestACallerIsNotKeptByASilentServer: its own limit ends the wait for an answer, for the
// start of a transaction and for a login, although those of the store are far away.
func TestACallerIsNotKeptByASilentServer(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	for state, idle := range map[string]int{"idle connections": 5, "no connection": 0} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, direct, nil)
			d := openWithin(t, p.URL, farLimit)
			d.Direct = direct
			u, session := signedUp(t, open(t, direct))
			task := created(t, open(t, direct), newTask(u.ID))
			for _, pool := range d.Pools() {
				pool.SetMaxIdleConns(idle)
			}
			fillPool(t, d)
			p.Freeze()
			ctx, cancel := db.Within(t.Context(), 2*time.Second)
			defer cancel()
			calls := methods(ctx, d, u, session, task)
			delete(calls, "MigrateUp") // has no time limit
			var wg sync.WaitGroup
			for name, call := range calls {
				wg.Go(func() { wantError(t, name, call(), db.ErrUnavailable) })
			}
			done := make(chan struct{})
			go func() { defer close(done); wg.Wait() }()
			waittest.Receive(t, "the end of all calls", done)
		})
	}
}

// TestOneDeadConnectionIsEnoughToKnow: a firewall has forgotten the connections. The first
// one that does not answer shows it, in a part of the call's time, and the others are not
// asked.
func TestOneDeadConnectionIsEnoughToKnow(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	p := newProxy(t, direct, nil)
	d := openWithin(t, p.URL, farLimit)
	read := d.Pools()["read"]
	var held []interface{ Close() error }
	for range read.Stats().MaxOpenConnections {
		conn, err := read.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	for _, conn := range held {
		_ = conn.Close()
	}
	if n := read.Stats().Idle; n != len(held) {
		t.Fatalf("got %d idle connections, want %d", n, len(held))
	}
	p.Drop()
	time.Sleep(db.IdleTrusted) // now all are that idle
	p.Record()
	for range 5 {
		if err := d.Ping(t.Context()); err != nil {
			t.Fatalf("on new connections: %v", err)
		}
	}
	asked := 0
	for _, text := range p.Recorded() {
		if strings.HasPrefix(text, "Q\x00\x00\x00\x06;\x00") {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("%d dead connections were asked, want 1", asked)
	}
}

// TestAnIdleConnectionIsClosedWithoutAnError: long after the time of its latest call.
func TestAnIdleConnectionIsClosedWithoutAnError(t *testing.T) {
	t.Parallel()
	pool, err := db.OpenLinks(storetest.PostgresURL(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), waittest.Patience)
	defer cancel()
	conn, err := pool.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	_, _ = conn.ExecContext(short, "SELECT 1") // on a busy machine it may be too late, which proves nothing
	_ = conn.Close()                           // back into the pool
	<-short.Done()
	time.Sleep(500 * time.Millisecond) // more than the time to cancel a call
	if err := pool.Close(); err != nil {
		t.Errorf("got error %v, want none", err)
	}
}

// TestTheCheckOfAnIdleConnectionDoesNotLimitTheCall: the statements of a migration may take any
// time. The check before them has a short limit.
func TestTheCheckOfAnIdleConnectionDoesNotLimitTheCall(t *testing.T) {
	t.Parallel()
	pool, err := db.OpenLinks(storetest.PostgresURL(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	if err := pool.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // until it counts as idle
	conn, err := pool.Conn(t.Context()) // database/sql repeats nothing on it
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "SELECT pg_sleep(1.5)"); err != nil {
		t.Errorf("a statement of 1.5 s: got error %v, want none", err)
	}
}

// TestAnAnswerThatDoesNotComeTellsOfTheOthers, also on a connection that was just used.
func TestAnAnswerThatDoesNotComeTellsOfTheOthers(t *testing.T) {
	t.Parallel()
	p := newProxy(t, storetest.PostgresURL(t), nil)
	pool, err := db.OpenLinks(p.URL, farLimit)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	const idle = 3
	pool.SetMaxIdleConns(idle + 1)
	busy, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var held []interface{ Close() error }
	for range idle {
		conn, err := pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	for _, conn := range held {
		_ = conn.Close()
	}
	p.Drop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := busy.ExecContext(ctx, `SELECT 1`); err == nil {
		t.Error("got an answer through a dead connection")
	}
	_ = busy.Close()
	p.Record()
	if _, err := pool.ExecContext(t.Context(), `SELECT 2`); err != nil {
		t.Errorf("on a new connection: %v", err)
	}
	for _, text := range p.Recorded() {
		if strings.HasPrefix(text, "Q") && !strings.Contains(text, "SELECT 2") {
			t.Errorf("a dead connection was asked: %q", text)
		}
	}
}

// TestAServerWithoutAFreeConnectionSaysSo, and it is an outage for requests.
func TestAServerWithoutAFreeConnectionSaysSo(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	d := &database{Direct: direct}
	role := "few_" + strings.ToLower(newHash()[:16])
	d.Exec(t, `CREATE ROLE `+role+` LOGIN PASSWORD 'pgtest-password' CONNECTION LIMIT 0`)
	t.Cleanup(func() { d.Exec(t, `DROP ROLE `+role) })
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "pgtest-password")
	_, err = store.Open(t.Context(), u.String())
	wantError(t, "open", err, db.ErrNoConnection)
	wantError(t, "open", err, db.ErrUnavailable)
	if err != nil && (!strings.Contains(err.Error(), "max_connections") || !strings.Contains(err.Error(), "53300")) {
		t.Errorf("got error %q, want the setting and the code in it", err)
	}
}

// TestABurstTakesNoMoreThanTheConnectionsOfAProcess, whatever it asks for.
func TestABurstTakesNoMoreThanTheConnectionsOfAProcess(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	d := openWith(t, direct, db.MinConnections)
	d.URL, d.Direct = direct, direct
	u, session := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	hearing(t, d)
	calls := methods(t.Context(), d, u, session, task)
	delete(calls, "MigrateUp") // by commands and at start, on connections of its own
	var wg sync.WaitGroup
	for name, call := range calls {
		for range 5 {
			wg.Go(func() {
				if err := call(); err != nil && !strings.HasSuffix(err.Error(), "no answer in time") { // a busy machine
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	}
	wg.Wait()
	n := d.CountRows(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if n > db.MinConnections || n < db.MinConnections/2 {
		t.Errorf("got %d connections after a burst, want at most %d, and half of them at least", n, db.MinConnections)
	}
}
