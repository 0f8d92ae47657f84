package tasks_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store/tasks"
)

func taskQueryCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"pages are whole in every order":                 pageCase,
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
	d.Exec(t, `UPDATE tasks SET description_fold = ? WHERE user_id = ?`, strings.Repeat("ø", 10_000), u.ID)
	many := strings.Repeat("ø", 254)
	measure := func(search string) time.Duration {
		begun := time.Now()
		if got := paged(t, d, u.ID, tasks.Query{Search: search}, 10); len(got) != 0 {
			t.Errorf("%q: got %v, want none", search, got)
		}
		return time.Since(begun)
	}
	for place, search := range map[string]string{"before": "x" + many, "behind": many + "x"} {
		// Other work on the machine changes from one second to the next. So each measurement
		// has one of a harmless search beside it, and the least of the ratios counts.
		least := math.Inf(1)
		for n := 0; n < 3 || n < 30 && least > 40; n++ {
			harmless := measure("x")
			least = min(least, float64(measure(search))/float64(harmless))
		}
		t.Logf("another letter %s takes %.1f times as long as one letter", place, least)
		if least > 40 {
			t.Errorf("another letter %s takes %.1f times as long as one letter", place, least)
		}
	}
}
