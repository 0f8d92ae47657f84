package db_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store/db"
)

// withFile returns the migrations of d and one more.
func withFile(t *testing.T, d *database, file *fstest.MapFile) fstest.MapFS {
	t.Helper()
	files := withNext(t, d).(fstest.MapFS)
	files["00901_next.sql"] = file
	return files
}

// buildIndex is the pattern of CONTRIBUTING.md.
func buildIndex() *fstest.MapFile {
	return migration("-- compatible-with: 23\n-- +goose NO TRANSACTION", `DROP INDEX CONCURRENTLY IF EXISTS next_idx;
CREATE UNIQUE INDEX CONCURRENTLY next_idx ON session ("userAgent")`, `DROP INDEX CONCURRENTLY next_idx`)
}

// TestAnIndexIsBuiltBesideTraffic, again after a failed attempt, which leaves an invalid
// index.
func TestAnIndexIsBuiltBesideTraffic(t *testing.T) {
	t.Parallel()
	for _, v := range variants()[1:] {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			signedUp(t, d)
			signedUp(t, d)
			next := open(t, d.URL)
			next.SetMigrations(withFile(t, d, buildIndex()))
			wantError(t, "two with the same value", next.MigrateUp(t.Context()), db.ErrConflict)
			const invalid = `SELECT count(*) FROM pg_index WHERE indexrelid = 'next_idx'::regclass AND NOT indisvalid`
			if n := d.CountRows(t, invalid); n != 1 {
				t.Fatalf("got %d invalid indexes, want the one of the failed attempt", n)
			}
			wantError(t, "not recorded", next.CheckMigrated(t.Context()), db.ErrBehind)
			d.Exec(t, `UPDATE session SET "userAgent" = id`)
			waits := waiting(next)
			// The index waits for older transactions. It stops nobody meanwhile, so it waits long.
			older := hold(t, d, `LOCK TABLE session IN ROW EXCLUSIVE MODE`)
			result := make(chan error, 1)
			go func() { result <- next.MigrateUp(t.Context()) }()
			if v.Name == "postgres" { // behind a pooler nobody knows the server's process
				w := waittest.Receive(t, "a report of the long wait", waits)
				if w.Attempt != 0 || len(w.Blockers) != 1 || w.Blockers[0].PID != older.pid || !strings.Contains(w.Lock, "older transactions") {
					t.Errorf("got %+v, want a wait without an end for process %d", w, older.pid)
				}
			}
			signedUp(t, d)
			d.Exec(t, `UPDATE session SET "userAgent" = id`)
			_ = older.Rollback()
			if err := waittest.Receive(t, "the end of the migration", result); err != nil {
				t.Fatal(err)
			}
			if n := d.CountRows(t, invalid); n != 0 {
				t.Error("the index is invalid")
			}
			if err := d.CheckMigrated(t.Context()); err != nil {
				t.Errorf("the older program: %v", err)
			}
		})
	}
}

// TestAnInterruptedIndexIsBuiltAgain: the process was killed between the index and the
// record of the migration.
func TestAnInterruptedIndexIsBuiltAgain(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	d.Exec(t, `CREATE INDEX next_idx ON session ("userAgent")`)
	next := open(t, d.URL)
	next.SetMigrations(withFile(t, d, buildIndex()))
	if err := next.MigrateUp(t.Context()); err != nil {
		t.Error(err)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM pg_index WHERE indexrelid = 'next_idx'::regclass AND indisunique`); n != 1 {
		t.Error("the old index was kept")
	}
}

// TestAnIndexOutlivesTheServersTimeouts: outside of a transaction they cannot be turned off
// for one statement.
func TestAnIndexOutlivesTheServersTimeouts(t *testing.T) {
	t.Parallel()
	direct := withDefault(t, `statement_timeout = '1s'`)
	s := open(t, direct)
	s.SetMigrations(fstest.MapFS{"00001_slow.sql": migration("-- +goose NO TRANSACTION", `SELECT pg_sleep(2)`, `SELECT 1`)})
	if err := s.MigrateUp(t.Context()); err != nil {
		t.Error(err)
	}
}

// rewrite is the pattern of CONTRIBUTING.md.
func rewrite() *fstest.MapFile {
	return migration("-- compatible-with: 23\n-- +goose NO TRANSACTION", `-- +goose StatementBegin
DO $$
DECLARE
    last bigint := 0;
    upto bigint;
BEGIN
    LOOP
        SET LOCAL lock_timeout = '300ms';
        SELECT max(id) INTO upto FROM (SELECT id FROM tasks WHERE id > last ORDER BY id LIMIT 10) batch;
        EXIT WHEN upto IS NULL;
        UPDATE tasks SET title = 'rewritten' WHERE id > last AND id <= upto AND title <> 'rewritten';
        COMMIT;
        last := upto;
    END LOOP;
END
$$;
-- +goose StatementEnd
SELECT 1`, `SELECT 1`)
}

// TestARewriteLocksFewRows: a batch is committed before the next. One that meets a locked
// row gives up, and is repeated.
func TestARewriteLocksFewRows(t *testing.T) {
	t.Parallel()
	for _, v := range variants()[1:] {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			u, _ := signedUp(t, d)
			var last int64
			for range 35 {
				last = created(t, d, newTask(u.ID)).ID
			}
			next := open(t, d.URL)
			next.SetMigrations(withFile(t, d, rewrite()))
			next.SetPace(100*time.Millisecond, 100*time.Millisecond, 1000)
			waits := waiting(next)
			request := hold(t, d, `UPDATE tasks SET completed = true WHERE id = (SELECT max(id) FROM tasks)`)
			result := make(chan error, 1)
			go func() { result <- next.MigrateUp(t.Context()) }()
			waittest.Receive(t, "a wait", waits)
			if n := d.CountRows(t, `SELECT count(*) FROM tasks WHERE title = 'rewritten'`); n != 30 {
				t.Errorf("got %d rows, want the batches before the locked row", n)
			}
			if err := request.Commit(); err != nil {
				t.Fatal(err)
			}
			if err := waittest.Receive(t, "the end of the migration", result); err != nil {
				t.Fatal(err)
			}
			if task, err := d.Task(t.Context(), u.ID, last); err != nil || task.Title != "rewritten" || !task.Completed {
				t.Errorf("got %+v, error %v, want both changes", task, err)
			}
		})
	}
}
