package tasks_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"vestibule/internal/storetest"
	"vestibule/store/tasks"
)

func pieceCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a task that goes while its page is read is skipped": goneTaskCase,
		"a search in every order goes on":                    func(t *testing.T, d *database) { searchPieces(t, d, 130, 1) },
		"each statement of a search has its turn":            turnCase,
		"large tasks of another program are folded":          foldLargeCase,
	}
}

// recorded opens the database again, and records the statements.
func recorded(t *testing.T, d *database) (*database, *[]tasks.Statement) {
	t.Helper()
	s, all := open(t, d.URL), new([]tasks.Statement)
	s.RecordReads(func(asked tasks.Statement) { *all = append(*all, asked) })
	return s, all
}

// bytesOf returns the size of a statement's result in bytes.
func bytesOf(t *testing.T, db *sqlx.DB, s tasks.Statement) (size int) {
	t.Helper()
	rows, err := db.Queryx(db.Rebind(s.Text), s.Args...)
	if err != nil {
		t.Fatalf("%s: %v", s.Text, err)
	}
	defer rows.Close()
	for rows.Next() {
		row, err := rows.SliceScan()
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range row {
			switch v := value.(type) {
			case string:
				size += len(v)
			case []byte:
				size += len(v)
			default:
				size += len(fmt.Sprint(v))
			}
		}
	}
	return size
}

// largeTasks creates n tasks of the largest size. Each title begins with its number.
func largeTasks(t *testing.T, d *database, userID string, n int) {
	t.Helper()
	manyTasks(t, d, userID, n)
	d.Exec(t, `UPDATE tasks SET title = ?, title_key = ?, title_fold = ?, description = ?, description_fold = ? WHERE user_id = ?`,
		strings.Repeat("😀", 255), strings.Repeat("😀", 128), strings.Repeat("😀", 255), strings.Repeat("🎈", 10_000), strings.Repeat("🎈", 10_000), userID)
}

func largeTasksCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	const all = 70
	largeTasks(t, d, u.ID, all)
	s, statements := recorded(t, d)
	for name, by := range orders {
		got := 0
		for q := (tasks.Query{By: by}); ; {
			page, next, err := storetest.TaskPage(t.Context(), s, u.ID, q, 60)
			if err != nil {
				t.Fatal(err)
			}
			got += len(page)
			for _, task := range page {
				if task.Description == nil || len(*task.Description) != 40_000 {
					t.Fatalf("%s: a description is missing", name)
				}
			}
			if q.After = next; next == nil {
				break
			}
		}
		if got != all {
			t.Errorf("%s: got %d tasks, want %d", name, got, all)
		}
	}
	if got := listed(t, s, u.ID); len(got) != all || !slices.IsSorted(got) {
		t.Errorf("got %d tasks, want %d in order", len(got), all)
	}
	db := d.Raw(t)
	for _, statement := range *statements {
		if size := bytesOf(t, db, statement); size > 1<<20 {
			t.Errorf("%d bytes at once: %s", size, statement.Text)
		}
	}
}

func goneTaskCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	largeTasks(t, d, u.ID, 30)
	ids := listed(t, d, u.ID)
	page, _, err := d.PageTasks(t.Context(), u.ID, tasks.Query{}, 30)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.DeleteTask(t.Context(), u.ID, ids[20], nil, base()); err != nil {
		t.Fatal(err)
	}
	var got []int64
	for task, err := range page {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, task.ID)
	}
	if diff := cmp.Diff(slices.Delete(slices.Clone(ids), 20, 21), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func foldLargeCase(t *testing.T, d *database) {
	nothingToFold(t, d)
	u, _ := signedUp(t, d)
	manyTasks(t, d, u.ID, 30)
	d.Exec(t, `UPDATE tasks SET description = ? WHERE user_id = ? AND id % 6 = 0`, strings.Repeat("Ü", 9_999)+"ß", u.ID)
	for more := true; more; {
		var err error
		if more, err = d.FoldTasks(t.Context(), 20, 1<<40); err != nil {
			t.Fatal(err)
		}
	}
	if got := paged(t, d, u.ID, tasks.Query{Search: "üss"}, 100); len(got) != 5 {
		t.Errorf("got %d tasks, want 5", len(got))
	}
}
