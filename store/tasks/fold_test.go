package tasks_test

import (
	"testing"
	"time"

	"vestibule/store/tasks"
)

// nothingToFold deletes the tasks of other cases that are not folded yet.
func nothingToFold(t *testing.T, d *database) {
	t.Helper()
	d.Exec(t, `DELETE FROM tasks WHERE title_fold IS NULL`)
}

func foldCase(t *testing.T, d *database) {
	nothingToFold(t, d)
	u, _ := signedUp(t, d)
	d.Exec(t, `INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at)
		SELECT id, 'ÜBER', 'ÄON', "emailVerified", "createdAt", "createdAt" FROM "user" WHERE id = ?`, u.ID)
	if d.Engine() == "sqlite" { // SQLite stores any bytes as text
		d.Exec(t, `INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at)
			SELECT id, CAST(x'C3FF41' AS TEXT), CAST(x'00FE42' AS TEXT), "emailVerified", "createdAt", "createdAt" FROM "user" WHERE id = ?`, u.ID)
	}
	for more := true; more; {
		var err error
		if more, err = d.FoldTasks(t.Context(), 100, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	for _, search := range []string{"über", "äon"} {
		if got := paged(t, d, u.ID, tasks.Query{Search: search, By: tasks.ByTitle}, 10); len(got) != 1 {
			t.Errorf("%q: got %v, want the task", search, got)
		}
	}
}

// TestFoldingMakesProgress: even without time it folds a task, and reports that there are
// more.
func TestFoldingMakesProgress(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			u, _ := signedUp(t, d)
			for range 3 {
				d.Exec(t, `INSERT INTO tasks (user_id, title, completed, created_at, updated_at)
					SELECT id, 'ÜBER', "emailVerified", "createdAt", "createdAt" FROM "user" WHERE id = ?`, u.ID)
			}
			for left := 2; left >= 0; left-- {
				if more, err := d.FoldTasks(t.Context(), 100, 0); err != nil || more != (left > 0) {
					t.Fatalf("with %d left: got more %t, %v", left, more, err)
				}
			}
			if got := paged(t, d, u.ID, tasks.Query{Search: "über"}, 10); len(got) != 3 {
				t.Errorf("got %d tasks, want all 3", len(got))
			}
		})
	}
}
