package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store"
	"vestibule/store/db"
)

// holder is a transaction of another program.
type holder struct {
	*sql.Tx
	pid int64
}

// hold begins a transaction and runs the statement in it.
func hold(t *testing.T, d *database, statement string) holder {
	t.Helper()
	tx, err := d.Raw(t).BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	h := holder{Tx: tx}
	t.Cleanup(func() { _ = tx.Rollback() })
	if err := tx.QueryRow(`SELECT pg_backend_pid()`).Scan(&h.pid); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(statement); err != nil {
		t.Fatal(err)
	}
	return h
}

// waiting returns the waits of d's migrations.
func waiting(d *database) <-chan db.LockWait {
	waits := make(chan db.LockWait, 1000)
	d.OnLockWait(func(w db.LockWait) {
		select {
		case waits <- w:
		default:
		}
	})
	return waits
}

// receiveNamed returns the next wait whose lock was seen. On a busy machine a short wait may
// end before it is looked at.
func receiveNamed(t *testing.T, waits <-chan db.LockWait) db.LockWait {
	t.Helper()
	for {
		if w := waittest.Receive(t, "a wait", waits); w.Lock != "" {
			return w
		}
	}
}

// traffic calls f again and again until the end of the test or stop, which returns how many
// calls have failed.
func traffic(t *testing.T, calls ...func() error) (done *atomic.Int64, stop func() error) {
	t.Helper()
	done = &atomic.Int64{}
	failed := make(chan error, len(calls))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, call := range calls {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := call(); err != nil {
					failed <- err
					return
				}
				done.Add(1)
				time.Sleep(5 * time.Millisecond) // without the limit, a migration holds them up for far longer
			}
		})
	}
	return done, func() error {
		cancel()
		wg.Wait()
		close(failed)
		return <-failed
	}
}

// TestAMigrationStopsNoTraffic while it waits for a long transaction. Without its time limit
// everybody would wait behind it, until their own time limit.
func TestAMigrationStopsNoTraffic(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ hold, lock string }{
		"a reader": {`SELECT count(*) FROM session`, "AccessExclusiveLock on session"},
		"a writer": {`UPDATE session SET "userAgent" = 'x'`, "ShareRowExclusiveLock on session"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, variants()[1])
			u, _ := signedUp(t, d)
			next := open(t, d.URL)
			if name == "a reader" {
				next.SetMigrations(withFile(t, d, migration("", `ALTER TABLE session ADD COLUMN next text`, `ALTER TABLE session DROP COLUMN next`)))
			} else {
				downTo(t, d, withoutTriggers)
			}
			next.SetPace(100*time.Millisecond, 300*time.Millisecond, 1000)
			waits := waiting(next)
			blocker := hold(t, d, c.hold)
			raw := d.Raw(t)
			done, stop := traffic(t,
				func() error {
					if _, _, err := d.SessionByTokenHash(t.Context(), "x"); !errors.Is(err, store.ErrNotFound) {
						return err
					}
					return nil
				},
				func() error {
					return d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(newSession(u.ID)) })
				},
				func() error { // as a version before the migrations creates tasks
					_, err := raw.ExecContext(t.Context(), `INSERT INTO tasks (user_id, title, completed, created_at, updated_at) VALUES ($1, 'task', false, now(), now())`, u.ID)
					return err
				},
			)
			result := make(chan error, 1)
			go func() { result <- next.MigrateUp(t.Context()) }()
			for range 3 {
				w := receiveNamed(t, waits)
				if w.Lock != c.lock || !slices.ContainsFunc(w.Blockers, func(b db.Blocker) bool { return b.PID == blocker.pid }) || w.Most != 1000 {
					t.Errorf("got %+v, want a wait for %s of process %d", w, c.lock, blocker.pid)
				}
				before := done.Load()
				waittest.Until(t, "traffic", func() bool { return done.Load() > before+20 })
			}
			_ = blocker.Rollback()
			if err := waittest.Receive(t, "the end of the migration", result); err != nil {
				t.Errorf("migrate up: %v", err)
			}
			if err := stop(); err != nil {
				t.Errorf("refused: %v", err)
			}
			if err := next.CheckMigrated(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// withoutTriggers is the number of migrations before that which creates the triggers of
// session and "user".
const withoutTriggers = 19

// migration returns a migration file.
func migration(header, up, down string) *fstest.MapFile {
	return &fstest.MapFile{Data: fmt.Appendf(nil, "%s\n-- +goose Up\n%s;\n-- +goose Down\n%s;\n", header, up, down)}
}

func TestAMigrationGivesUpALockInTheEnd(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	signedUp(t, d)
	downTo(t, d, withoutTriggers)
	d.SetPace(100*time.Millisecond, time.Millisecond, 5)
	blocker := hold(t, d, `UPDATE session SET "userAgent" = 'secret'`)
	var text string
	waittest.Until(t, "an error that names the process", func() bool { // a busy machine may not see it at once
		err := d.MigrateUp(t.Context())
		if !errors.Is(err, db.ErrLocked) {
			t.Fatalf("got error %v, want %v", err, db.ErrLocked)
		}
		text = err.Error()
		return strings.Contains(text, fmt.Sprintf("process %d", blocker.pid))
	})
	for _, part := range []string{"ShareRowExclusiveLock on session", "attempt 5 of 5", `UPDATE session SET "userAgent" = …`} {
		if !strings.Contains(text, part) {
			t.Errorf("got error %q, want %s in it", text, part)
		}
	}
	if got := applied(t, d); got != withoutTriggers {
		t.Errorf("got %d migrations, want none applied", got)
	}
	_ = blocker.Rollback()
	if err := d.MigrateUp(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestAMigrationWaitsLongerForAVacuum: the server cancels it, but only after a second.
func TestAMigrationWaitsLongerForAVacuum(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	pool := d.AllPools(t.Cleanup)["migrations"]
	timeout := func() (got string) {
		t.Helper()
		tx, err := pool.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		if err := tx.QueryRow(`SHOW lock_timeout`).Scan(&got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := timeout(); got != "300ms" {
		t.Errorf("got %s, want 300ms", got)
	}
	d.MeetVacuum()
	if got := timeout(); got != "1300ms" {
		t.Errorf("behind a vacuum: got %s, want 1300ms", got)
	}
}

func TestLiteralsOfABlockerAreNotShown(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                                      "",
		"SELECT  1\n FROM session":              "SELECT 1 FROM session",
		"ALTER ROLE x PASSWORD 'secret'":        "ALTER ROLE x PASSWORD …",
		"DO $$ secret $$":                       "DO …",
		strings.Repeat("ä", 60) + "'secret'":    strings.Repeat("ä", 40) + "…",
		"x" + strings.Repeat("ä", 60) + "'y'":   "x" + strings.Repeat("ä", 39) + "…",
		"SELECT " + strings.Repeat("a, ", 50):   ("SELECT " + strings.Repeat("a, ", 50))[:80] + "…",
		"UPDATE \"user\" SET email = E'secret'": "UPDATE \"user\" SET email = E…",
	} {
		if got := db.WithoutLiterals(query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}
