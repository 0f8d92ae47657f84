package tasks_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/storetest"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

func taskQueryCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"pages are whole in every order":                 pageCase,
		"pages are stable while tasks come and go":       stablePageCase,
		"a search finds text in any language, literally": searchCase,
		"tasks of another program are folded":            foldCase,
		"two writers of one version cannot both succeed": versionCase,
	}
}

func pageCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	other, _ := signedUp(t, d)
	// Titles in the order of creation. Several times of each kind are equal.
	for i, title := range []string{"beta", "Alpha", "alpha", "Éclair", "éclair", "zulu", "Beta", "ähre"} {
		task := newTask(u.ID)
		task.Title = title
		task.Completed = i%3 == 0
		task.CreatedAt = base().Add(time.Duration(i/2) * time.Second)
		task.UpdatedAt = base().Add(time.Duration(-i/3) * time.Second)
		created(t, d, task)
		task.UserID = other.ID
		created(t, d, task)
	}
	all := map[string][]string{
		"id":      {"beta", "Alpha", "alpha", "Éclair", "éclair", "zulu", "Beta", "ähre"},
		"created": {"beta", "Alpha", "alpha", "Éclair", "éclair", "zulu", "Beta", "ähre"},
		"updated": {"Beta", "ähre", "Éclair", "éclair", "zulu", "beta", "Alpha", "alpha"},
		"title":   {"Alpha", "alpha", "beta", "Beta", "zulu", "ähre", "Éclair", "éclair"},
	}
	done := map[string]bool{"beta": true, "Éclair": true, "Beta": true}
	for name, by := range orders {
		for _, descending := range []bool{false, true} {
			for _, completed := range []*bool{nil, new(true), new(false)} {
				want := slices.DeleteFunc(slices.Clone(all[name]), func(title string) bool {
					return completed != nil && done[title] != *completed
				})
				if descending {
					slices.Reverse(want)
				}
				q := tasks.Query{By: by, Descending: descending, Completed: completed}
				for _, limit := range []int{1, 2, 3, 7, 8, 9} {
					if diff := cmp.Diff(want, paged(t, d, u.ID, q, limit)); diff != "" {
						t.Errorf("%s, descending: %t, limit %d (-want +got):\n%s", name, descending, limit, diff)
					}
				}
				var streamed []string
				for task, err := range d.ListTasks(t.Context(), u.ID, q) {
					if err != nil {
						t.Fatal(err)
					}
					streamed = append(streamed, task.Title)
				}
				if diff := cmp.Diff(want, streamed); diff != "" {
					t.Errorf("%s, descending: %t, streamed (-want +got):\n%s", name, descending, diff)
				}
			}
		}
	}
}

func stablePageCase(t *testing.T, d *database) {
	for name, by := range orders {
		u, _ := signedUp(t, d)
		var stays []int64
		var goes []tasks.Task
		for i := range 60 {
			task := newTask(u.ID)
			task.Title = fmt.Sprintf("task %02d", i)
			task.CreatedAt = base().Add(time.Duration(i) * time.Second)
			task.UpdatedAt = task.CreatedAt
			task = created(t, d, task)
			if i%2 == 0 {
				stays = append(stays, task.ID)
			} else {
				goes = append(goes, task)
			}
		}
		q := tasks.Query{By: by}
		var got []int64
		for {
			tasks, next, err := storetest.TaskPage(t.Context(), d, u.ID, q, 5)
			if err != nil {
				t.Fatal(err)
			}
			for _, task := range tasks {
				got = append(got, task.ID)
			}
			if next == nil {
				break
			}
			q.After = next
			for range 2 { // also the task at the end of the page
				if len(goes) > 0 {
					if err := d.DeleteTask(t.Context(), u.ID, goes[0].ID, nil, base()); err != nil {
						t.Fatal(err)
					}
					goes = goes[1:]
				}
			}
			early := newTask(u.ID) // it comes before all others, except in the order of ids
			early.Title = "a"
			early.CreatedAt, early.UpdatedAt = base().Add(-time.Hour), base().Add(-time.Hour)
			created(t, d, early)
		}
		if len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(got) {
			t.Errorf("%s: a task came twice: %v", name, got)
		}
		for _, id := range stays {
			if !slices.Contains(got, id) {
				t.Errorf("%s: task %d, which was there all the time, never came", name, id)
			}
		}
	}
}

func searchCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	for _, task := range []struct{ title, description string }{
		{"Straße kehren", ""}, {"100% done", ""}, {"snake_case", ""}, {"ΟΔΟΣ", ""}, {"Купить молоко", ""},
		{"牛乳を買う", ""}, {"cafe\u0301", ""}, {"plain", "with a Description"}, {`back\slash`, ""}, {"İstanbul", ""}, {"bang!", ""},
	} {
		in := newTask(u.ID)
		in.Title = task.title
		if task.description != "" {
			in.Description = &task.description
		}
		created(t, d, in)
	}
	for search, want := range map[string][]string{
		"STRASSE": {"Straße kehren"}, "straße": {"Straße kehren"}, "%": {"100% done"}, "_": {"snake_case"}, "!": {"bang!"},
		"οδος": {"ΟΔΟΣ"}, "МОЛОКО": {"Купить молоко"}, "乳を": {"牛乳を買う"}, "CAFÉ": {"cafe\u0301"},
		"description": {"plain"}, `\`: {`back\slash`}, "i̇stanbul": {"İstanbul"}, "istanbul": {"İstanbul"}, "ISTANBUL": {"İstanbul"}, "ıstanbul": {"İstanbul"}, "%%": nil, "nothing": nil, "' OR 1=1 --": nil,
	} {
		got := paged(t, d, u.ID, tasks.Query{Search: search}, 10)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", search, diff)
		}
	}
	// After a change of one text the other is still found.
	task := created(t, d, tasks.Task{UserID: u.ID, Title: "before", Description: new("inner"), CreatedAt: base(), UpdatedAt: base()})
	if _, err := d.UpdateTask(t.Context(), u.ID, task.ID, tasks.Change{Title: new("After")}, nil, base()); err != nil {
		t.Fatal(err)
	}
	for search, want := range map[string]int{"before": 0, "after": 1, "INNER": 1} {
		if got := paged(t, d, u.ID, tasks.Query{Search: search}, 10); len(got) != want {
			t.Errorf("%q: got %v, want %d", search, got, want)
		}
	}
	if _, err := d.UpdateTask(t.Context(), u.ID, task.ID, tasks.Change{Description: new((*string)(nil))}, nil, base()); err != nil {
		t.Fatal(err)
	}
	if got := paged(t, d, u.ID, tasks.Query{Search: "inner"}, 10); len(got) != 0 {
		t.Errorf("a description that was cleared: got %v, want none", got)
	}
}

// TestASearchIsQuickForAnyText, also for one that nearly matches at every character. LIKE
// would take seconds for it, and block a connection that others need.
func TestASearchIsQuickForAnyText(t *testing.T) {
	t.Parallel()
	onBoth(t, searchHostilely)
}

func searchHostilely(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	manyTasks(t, d, u.ID, 300)
	d.Exec(t, `UPDATE tasks SET description_fold = ? WHERE user_id = ?`, strings.Repeat("é", 10_000), u.ID)
	many := strings.Repeat("é", 254)
	// The smallest of several measurements: other work on the machine can only add time.
	least := func(search string) time.Duration {
		took := time.Hour
		for range 3 {
			begun := time.Now()
			if got := paged(t, d, u.ID, tasks.Query{Search: search}, 10); len(got) != 0 {
				t.Errorf("%q: got %v, want none", search, got)
			}
			took = min(took, time.Since(begun))
		}
		return took
	}
	harmless := least("x")
	for place, search := range map[string]string{"before": "x" + many, "behind": many + "x"} {
		took := least(search)
		t.Logf("another letter %s: %v, where one letter takes %v", place, took, harmless)
		if took > 40*harmless {
			t.Errorf("another letter %s takes %v, one letter %v", place, took, harmless)
		}
	}
}

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

func versionCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	if task.Version != 1 {
		t.Errorf("a new task: got version %d, want 1", task.Version)
	}
	results := make(chan error, 10)
	for i := range cap(results) {
		go func() {
			_, err := d.UpdateTask(t.Context(), u.ID, task.ID, tasks.Change{Title: new(fmt.Sprint(i))}, &tasks.Versions{Only: []int64{1}}, base())
			results <- err
		}()
	}
	succeeded := 0
	for range cap(results) {
		if err := <-results; err == nil {
			succeeded++
		} else {
			wantError(t, "a late writer", err, tasks.ErrChanged)
		}
	}
	if succeeded != 1 {
		t.Errorf("%d writers of version 1 have succeeded, want 1", succeeded)
	}
	for name, tc := range map[string]struct {
		only tasks.Versions
		want error
	}{
		"an old version":              {tasks.Versions{Only: []int64{1}}, tasks.ErrChanged},
		"none":                        {tasks.Versions{Only: []int64{}}, tasks.ErrChanged},
		"a version to come":           {tasks.Versions{Only: []int64{3}}, tasks.ErrChanged},
		"any but this":                {tasks.Versions{Not: []int64{1, 2}}, tasks.ErrExcluded},
		"this and any but this":       {tasks.Versions{Only: []int64{2}, Not: []int64{2}}, tasks.ErrExcluded},
		"an old one and any but this": {tasks.Versions{Only: []int64{1}, Not: []int64{2}}, tasks.ErrChanged},
		"none and any but an old one": {tasks.Versions{Only: []int64{}, Not: []int64{1}}, tasks.ErrChanged},
	} {
		_, err := d.ToggleTask(t.Context(), u.ID, task.ID, &tc.only, base())
		wantError(t, "toggle at "+name, err, tc.want)
		wantError(t, "delete at "+name, d.DeleteTask(t.Context(), u.ID, task.ID, &tc.only, base()), tc.want)
		wantError(t, "delete a missing one at "+name, d.DeleteTask(t.Context(), u.ID, 1<<60, &tc.only, base()), db.ErrNotFound)
	}
	if got, err := d.ToggleTask(t.Context(), u.ID, task.ID, &tasks.Versions{Only: []int64{7, 2}, Not: []int64{1, 7}}, base()); err != nil || got.Version != 3 {
		t.Errorf("one of several versions: got version %d, error %v; want 3", got.Version, err)
	}
	if err := d.DeleteTask(t.Context(), u.ID, task.ID, &tasks.Versions{Not: []int64{}}, base()); err != nil {
		t.Errorf("delete: %v", err)
	}
}
