package db_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
	"vestibule/store/db"
)

func TestADatabaseThatIsNotInUTF8IsRefused(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"LATIN1", "SQL_ASCII", "LATIN9", "EUC_JP"} {
		d := &database{Direct: pgtest.DatabaseWith(t, "ENCODING '"+encoding+"' TEMPLATE template0")}
		_, err := store.Open(t.Context(), d.Direct)
		wantError(t, encoding, err, db.ErrEncoding)
		if err == nil || !strings.Contains(err.Error(), "server_encoding is "+encoding) {
			t.Errorf("%s: got error %v, want it named", encoding, err)
		}
		if n := d.CountRows(t, `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`); n != 0 {
			t.Errorf("%s: got %d tables and the like, want it left as it is", encoding, n)
		}
	}
	utf8 := pgtest.DatabaseWith(t, "ENCODING 'UTF8' TEMPLATE template0")
	d := migratedURL(t, utf8, utf8)
	u, _ := signedUp(t, d)
	in := newTask(u.ID)
	in.Title = strings.Repeat("ä", 255) // more bytes than letters
	created(t, d, in)
}

// unusual are unusual defaults of a database or a role.
var unusual = map[string]string{
	"serializable":    `default_transaction_isolation = 'serializable'`,
	"repeatable read": `default_transaction_isolation = 'repeatable read'`,
	"read-only":       `default_transaction_read_only = on`,
}

// withDefault returns a database with the setting as its default.
func withDefault(t *testing.T, setting string) string {
	t.Helper()
	direct := pgtest.Database(t)
	_, name, _ := strings.Cut(direct, host(t, direct)+"/")
	name, _, _ = strings.Cut(name, "?")
	(&database{Direct: direct}).Exec(t, `ALTER DATABASE `+name+` SET `+setting)
	return direct
}

// TestUnusualDefaultsMakeNoWriteFail: with serializable as the default, concurrent
// transactions would fail more often than we repeat them.
func TestUnusualDefaultsMakeNoWriteFail(t *testing.T) {
	t.Parallel()
	for name, setting := range unusual {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := withDefault(t, setting)
			d := migratedURL(t, direct, direct)
			u, _ := signedUp(t, d)
			task := created(t, d, newTask(u.ID))
			const writers, each = 8, 20
			var late atomic.Int64
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for range each {
						_, err := d.ToggleTask(t.Context(), u.ID, task.ID, nil, base())
						switch {
						case errors.Is(err, db.ErrUnavailable) && strings.HasSuffix(err.Error(), "no answer in time"):
							late.Add(1) // the machine is too busy; the write may have happened
						case err != nil:
							t.Errorf("toggle: %v", err)
						}
					}
				})
			}
			wg.Wait()
			got, err := d.Task(t.Context(), u.ID, task.ID)
			if most := int64(1 + writers*each); err != nil || got.Version > most || got.Version < most-late.Load() {
				t.Errorf("got version %d, error %v, want %d, or up to %d less", got.Version, err, most, late.Load())
			}
			if late.Load() > writers*each/2 {
				t.Errorf("%d writes got no answer in time: the rest proves too little", late.Load())
			}
			hearing(t, d).Eventually(t, "listening", func(e *storetest.Ear) bool { return e.IsListening != nil && *e.IsListening })
		})
	}
}

// TestEveryTransactionNamesItsIsolation, also those that libraries open.
func TestEveryTransactionNamesItsIsolation(t *testing.T) {
	t.Parallel()
	direct := withDefault(t, unusual["serializable"])
	for name, s := range map[string]*database{"direct": open(t, direct), "pgbouncer": open(t, pgtest.PgBouncer(t, direct))} {
		for pool, db := range s.AllPools(t.Cleanup) {
			tx, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			var isolation string
			if err := tx.QueryRow(`SHOW transaction_isolation`).Scan(&isolation); err != nil || isolation != "read committed" {
				t.Errorf("%s, %s: got %q, error %v, want read committed", name, pool, isolation, err)
			}
			_ = tx.Rollback()
		}
	}
}

// slowMigration runs until it is cancelled.
func slowMigration() fs.FS {
	return fstest.MapFS{"00001_slow.sql": {Data: []byte("-- +goose Up\nCREATE TABLE slow (id int);\nSELECT pg_sleep(3);\n-- +goose Down\nDROP TABLE slow;\n")}}
}

// TestAMigrationOutlivesTheServersTimeouts: it takes longer than each timeout, and the
// transaction that holds the lock is idle for longer too.
func TestAMigrationOutlivesTheServersTimeouts(t *testing.T) {
	t.Parallel()
	direct := withDefault(t, `statement_timeout = '2s'`)
	_, name, _ := strings.Cut(direct, host(t, direct)+"/")
	name, _, _ = strings.Cut(name, "?")
	d := &database{Direct: direct}
	d.Exec(t, `ALTER DATABASE `+name+` SET lock_timeout = '1s'`)
	for way, databaseURL := range map[string]string{"direct": direct, "pgbouncer": pgtest.PgBouncer(t, direct)} {
		s := open(t, databaseURL)
		s.SetMigrations(slowMigration())
		if err := s.MigrateUp(t.Context()); err != nil {
			t.Fatalf("%s: %v", way, err)
		}
		if err := s.MigrateDown(t.Context()); err != nil {
			t.Fatalf("%s: %v", way, err)
		}
	}
	// Shorter than the interval at which the lock is checked.
	d.Exec(t, `ALTER DATABASE `+name+` SET idle_in_transaction_session_timeout = '700ms'`)
	release, err := open(t, direct).LockMigrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	time.Sleep(2 * time.Second)
	if n := d.CountRows(t, `SELECT count(*) `+locksHere+` AND locktype = 'advisory'`); n != 1 {
		t.Errorf("got %d locks, want 1", n)
	}
}

const endLockSQL = `SELECT pg_terminate_backend(pid) ` + locksHere + ` AND locktype = 'advisory'`

// TestAMigrationThatHasLostItsLockStops: another process may have started the same
// migration.
func TestAMigrationThatHasLostItsLockStops(t *testing.T) {
	t.Parallel()
	direct := pgtest.Database(t)
	d := &database{Direct: direct}
	s := open(t, direct)
	s.SetMigrations(fstest.MapFS{"00001_slow.sql": {Data: []byte("-- +goose Up\nCREATE TABLE slow (id int);\nSELECT pg_sleep(3600);\n-- +goose Down\nDROP TABLE slow;\n")}})
	done := make(chan error, 1)
	go func() { done <- s.MigrateUp(t.Context()) }()
	running := func() bool {
		return d.CountRows(t, `SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(3600)%' AND state = 'active'`) != 0
	}
	waittest.Until(t, "the migration runs", running)
	d.Exec(t, endLockSQL)
	err := waittest.Receive(t, "the end of the migration", done)
	wantError(t, "up", err, db.ErrUnavailable)
	if err != nil && !strings.Contains(err.Error(), "lock of migrations was lost") {
		t.Errorf("got error %q, want what happened", err)
	}
	waittest.Until(t, "the migration has stopped", func() bool { return !running() })
	if n := d.CountRows(t, `SELECT count(*) FROM pg_tables WHERE tablename = 'slow'`); n != 0 {
		t.Error("half of the migration was kept")
	}
}

// TestAMigrationHappensOnce even without the lock: the second run is rolled back.
func TestAMigrationHappensOnce(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	d := migratedURL(t, direct, direct)
	d.Exec(t, `CREATE TABLE counted (n int); INSERT INTO counted VALUES (0)`)
	twice := fstest.MapFS{}
	for _, m := range allMigrations(t, d) {
		twice[m] = &fstest.MapFile{Data: []byte("-- +goose Up\n-- +goose Down\n")}
	}
	twice["99999_count.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nUPDATE counted SET n = n + 1;\nSELECT pg_sleep(1);\n-- +goose Down\nUPDATE counted SET n = n - 1;\n")}
	var wg sync.WaitGroup
	var mu sync.Mutex
	failed := 0
	for range 3 {
		s := open(t, direct)
		s.SetMigrations(twice)
		s.DropLock()
		wg.Go(func() {
			if err := s.MigrateUp(context.WithoutCancel(t.Context())); err != nil {
				wantError(t, "up", err, db.ErrConflict)
				mu.Lock()
				failed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if n := d.CountRows(t, `SELECT n FROM counted`); n != 1 {
		t.Errorf("got %d times, want 1", n)
	}
	t.Logf("%d of 3 failed", failed)
}

func allMigrations(t *testing.T, s *database) (names []string) {
	t.Helper()
	status, err := s.MigrationStatus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range status {
		names = append(names, m.Name)
	}
	return names
}
