package tasks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
	// The smallest of several measurements: other work on the machine can only add time. It
	// measures at least three times, and more often while the result is above enough.
	least := func(search string, enough time.Duration) time.Duration {
		took := time.Hour
		for n := 0; n < 3 || n < 30 && took > enough; n++ {
			begun := time.Now()
			if got := paged(t, d, u.ID, tasks.Query{Search: search}, 10); len(got) != 0 {
				t.Errorf("%q: got %v, want none", search, got)
			}
			took = min(took, time.Since(begun))
		}
		return took
	}
	harmless := least("x", time.Hour)
	for place, search := range map[string]string{"before": "x" + many, "behind": many + "x"} {
		took := least(search, 40*harmless)
		t.Logf("another letter %s: %v, where one letter takes %v", place, took, harmless)
		if took > 40*harmless {
			t.Errorf("another letter %s takes %v, one letter %v", place, took, harmless)
		}
	}
}
