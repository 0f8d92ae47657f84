package tasks_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store/tasks"
)

// byColumns adds an event as earlier versions do.
func byColumns(t *testing.T, d *database, e tasks.Event) {
	t.Helper()
	d.Exec(t, `INSERT INTO task_event (seq, kind, at, bytes_to, task_id, user_id, title, description, completed, created_at, updated_at, version)
		SELECT CAST(? AS bigint), ?, u."createdAt", 0, CAST(? AS bigint), u.id, ?, ?, u."emailVerified", u."createdAt", u."updatedAt", CAST(? AS bigint) FROM "user" u WHERE u.id = ?`,
		e.Seq, e.Kind, e.Task.ID, e.Task.Title, e.Task.Description, e.Task.Version, e.Task.UserID)
	d.Exec(t, `UPDATE task_feed SET seq = ? WHERE user_id = ?`, e.Seq, e.Task.UserID)
}

// TestEventsOfEarlierVersionsAreDelivered covers events from before the migration, and
// events that an instance of an earlier version adds after it.
func TestEventsOfEarlierVersionsAreDelivered(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d)
		awkward := "\"<&>\\\u2028\x01\U0001F600\n"
		first := created(t, d, newTask(u.ID))
		second := newTask(u.ID)
		second.Title, second.Description = awkward, &awkward
		second = created(t, d, second)
		want := []tasks.Event{{1, tasks.Created, first, first.CreatedAt}, {2, tasks.Created, second, second.CreatedAt}}

		// The migration back keeps the events in columns.
		for lastApplied(t, d) >= 20 {
			if err := d.MigrateDown(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		old := tasks.Event{3, tasks.Updated, tasks.Task{ID: second.ID, UserID: u.ID, Title: awkward, Description: &awkward,
			Completed: u.EmailVerified, CreatedAt: u.CreatedAt.Truncate(time.Millisecond), UpdatedAt: u.UpdatedAt.Truncate(time.Millisecond), Version: 7, Position: tasks.FirstPosition(u.CreatedAt)}, u.CreatedAt.Truncate(time.Millisecond)}
		byColumns(t, d, old)
		if err := d.MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		none := old
		none.Seq, none.Kind, none.Task.Description = 4, tasks.Deleted, nil
		byColumns(t, d, none)
		last, err := d.ToggleTask(t.Context(), u.ID, first.ID, nil, base().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, old, none, tasks.Event{5, tasks.Updated, last, last.UpdatedAt})
		if diff := cmp.Diff(want, events(t, d, u.ID, 0)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if n := d.CountRows(t, `SELECT count(*) FROM task_event WHERE task IS NULL`); n != 0 {
			t.Errorf("got %d events without JSON", n)
		}
		// An earlier version skips what it cannot read, and resets its streams there.
		if n := d.CountRows(t, `SELECT count(*) FROM task_event WHERE task_id IS NULL`); n != 1 {
			t.Errorf("got %d events that an earlier version cannot read, want 1", n)
		}
	})
}
