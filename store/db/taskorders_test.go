package db_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/waittest"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// withoutOrders is the number of migrations before those of due dates and the own order.
const withoutOrders = 24

// endQuery ends the server process that runs a statement with this text.
func endQuery(t *testing.T, d *database, text string) {
	t.Helper()
	waittest.Until(t, "the statement runs", func() bool {
		return d.CountRows(t, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid() AND query LIKE ?`, text+"%") > 0
	})
}

// TestTasksGetTheirOrderBesideTraffic: the migration is ended in the middle of its batches and
// of an index, while an instance of the version before creates tasks. Then two processes do the
// rest at once.
func TestTasksGetTheirOrderBesideTraffic(t *testing.T) {
	t.Parallel()
	for _, v := range variants()[1:] {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			u, _ := signedUp(t, d)
			downTo(t, d, withoutOrders)
			manyTasks(t, d, u.ID, 2500)
			// Times of another program are more exact than ours.
			d.Exec(t, `UPDATE tasks SET title_fold = 'task', created_at = created_at + interval '0.9 milliseconds'`)
			fields := open(t, d.URL) // the next migration adds columns, and would wait for the request
			fields.SetMigrations(upTo(t, d, "00026_task_fields.sql"))
			if err := fields.MigrateUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			request := hold(t, d, `UPDATE tasks SET completed = true WHERE id = (SELECT min(id) + 1500 FROM tasks)`)
			orders := upTo(t, d, "00027_task_orders.sql")
			next := open(t, d.URL)
			next.SetMigrations(orders)
			next.SetPace(100*time.Millisecond, 100*time.Millisecond, 1000)
			waits := waiting(next)
			result := make(chan error, 1)
			migrate := func() { go func() { result <- next.MigrateUp(t.Context()) }() }
			migrate()
			waittest.Receive(t, "a wait", waits)
			other := hold(t, d, `SET LOCAL lock_timeout = '20s'; UPDATE tasks SET completed = true WHERE id = (SELECT min(id) + 1499 FROM tasks)`) // of the same batch
			_ = other.Rollback()
			if n := d.CountRows(t, `SELECT count(*) FROM tasks WHERE position IS NOT NULL`); n != 1000 {
				t.Errorf("got %d positions, want those of the batch before the locked row", n)
			}
			endQuery(t, d, "DO ")
			wantError(t, "ended in a batch", waittest.Receive(t, "the end", result), db.ErrUnavailable)
			manyTasks(t, d, u.ID, 10)
			_ = request.Rollback()

			const latest = `SELECT max(xmin::text::bigint) FROM (SELECT xmin FROM tasks ORDER BY user_id, id LIMIT 1000) AS first`
			before := d.CountRows(t, latest)
			older := hold(t, d, `LOCK TABLE tasks IN ROW EXCLUSIVE MODE`)
			migrate()
			endQuery(t, d, "CREATE INDEX CONCURRENTLY tasks_completed_position_idx")
			wantError(t, "ended in an index", waittest.Receive(t, "the end", result), db.ErrUnavailable)
			if n := d.CountRows(t, latest); n != before {
				t.Error("the first batch was written again")
			}
			manyTasks(t, d, u.ID, 10)
			_ = older.Rollback()

			var both [2][]string
			var wg sync.WaitGroup
			for i := range both {
				s := open(t, d.URL)
				s.SetMigrations(orders)
				wg.Go(func() {
					var err error
					if both[i], err = s.ApplyPending(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if done := slices.Concat(both[:]...); !slices.Equal(done, []string{"00027_task_orders.sql"}) {
				t.Errorf("got %v, want the migration once", done)
			}
			d.Exec(t, `INSERT INTO tasks (user_id, title, completed, created_at, updated_at) VALUES (?, 'task', false, '2026-02-03T04:05:06.7899Z', now())`, u.ID)
			if err := d.MigrateUp(t.Context()); err != nil { // this program needs the later ones, too
				t.Fatal(err)
			}
			wantOrders(t, d, u.ID, 2521)
		})
	}
}

// upTo returns the migrations of d until a file, with it.
func upTo(t *testing.T, d *database, last string) fstest.MapFS {
	t.Helper()
	files := withNext(t, d).(fstest.MapFS)
	maps.DeleteFunc(files, func(name string, _ *fstest.MapFile) bool { return name > last })
	return files
}

func wantOrders(t *testing.T, d *database, userID string, all int) {
	t.Helper()
	n := 0
	for task, err := range d.ListTasks(t.Context(), userID, tasks.Query{By: tasks.ByPosition}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; task.Moved() {
			t.Fatalf("task %d of %v has the position %s, want %s", task.ID, task.CreatedAt, task.Position, tasks.FirstPosition(task.CreatedAt))
		}
	}
	if n != all {
		t.Errorf("got %d tasks in their order, want %d", n, all)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM tasks WHERE folded <> version`); n != 21 {
		t.Errorf("%d tasks are to be folded, want those of the earlier version", n)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE indisvalid
		AND relname IN ('tasks_completed_position_idx', 'tasks_completed_due_idx', 'tasks_unfolded_idx')`); n != 3 {
		t.Errorf("got %d valid indexes, want 3", n)
	}
}

// TestAPoolerInFrontOfAReadOnlyDefault does not let a migration write outside of a transaction.
// The error has the cure.
func TestAPoolerInFrontOfAReadOnlyDefault(t *testing.T) {
	t.Parallel()
	direct := withDefault(t, unusual["read-only"])
	through := pgtest.PgBouncer(t, direct)
	err := open(t, through).MigrateUp(t.Context())
	wantError(t, "up", err, db.ErrUnavailable)
	if err != nil && !strings.Contains(err.Error(), "migrate with a DATABASE_URL that leads to the server itself") {
		t.Errorf("got error %q, want the cure", err)
	}
	if err := open(t, direct).MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := migratedURL(t, through, direct)
	u, _ := signedUp(t, d)
	created(t, d, newTask(u.ID))
}
