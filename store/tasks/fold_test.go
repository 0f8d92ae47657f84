package tasks_test

import (
	"testing"
	"time"

	"vestibule/store/tasks"
)

// nothingToFold deletes the tasks of other cases that are not folded yet.
func nothingToFold(t *testing.T, d *database) {
	t.Helper()
	d.Exec(t, `DELETE FROM tasks WHERE title_fold IS NULL OR folded <> version`)
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
	foldAll(t, d)
	for _, search := range []string{"über", "äon"} {
		if got := paged(t, d, u.ID, tasks.Query{Search: search, By: tasks.ByTitle}, 10); len(got) != 1 {
			t.Errorf("%q: got %v, want the task", search, got)
		}
	}
}

func foldAll(t *testing.T, d *database) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = d.FoldTasks(t.Context(), 100, time.Second); err != nil {
			t.Fatal(err)
		}
	}
}

// foldAsBefore does what an instance of the version before does in the background.
func foldAsBefore(t *testing.T, d *database) {
	t.Helper()
	d.Exec(t, `UPDATE tasks SET title_fold = 'café' WHERE title_fold IS NULL AND title = 'Café'`)
}

// TestTextsOfEarlierInstancesAreFoldedAnew: during a rolling update, instances of the version
// before write texts with their accents.
func TestTextsOfEarlierInstancesAreFoldedAnew(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d)
		d.Exec(t, `INSERT INTO tasks (user_id, title, title_key, title_fold, completed, created_at, updated_at)
			SELECT id, 'Café', 'café', 'café', "emailVerified", "createdAt", "createdAt" FROM "user" WHERE id = ?`, u.ID)
		changed := created(t, d, newTask(u.ID))
		toggle := func() {
			if _, err := d.ToggleTask(t.Context(), u.ID, changed.ID, nil, changed.UpdatedAt); err != nil {
				t.Fatal(err)
			}
		}
		toggle()
		if n := d.CountRows(t, `SELECT count(*) FROM tasks WHERE user_id = ? AND folded <> version`, u.ID); n != 1 {
			t.Errorf("%d tasks are to be folded, want the one of the earlier version", n)
		}
		d.Exec(t, `UPDATE tasks SET title = 'Café', title_key = 'café', title_fold = 'café', version = version + 1 WHERE id = ?`, changed.ID)
		toggle() // at a new instance, which does not see that the text is an old one
		foldAll(t, d)
		if got := paged(t, d, u.ID, tasks.Query{Search: "cafe"}, 10); len(got) != 2 {
			t.Errorf("got %v, want both tasks", got)
		}
	})
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
