package tasks_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/storetest"
	"vestibule/store/tasks"
)

// haystack creates n tasks, short and long. Every 97th has a needle. Of the first tasks some are
// so long that a piece of a search ends by its bytes, and behind them it ends by its tasks.
func haystack(t *testing.T, d *database, userID string, n int) (needles []int64) {
	t.Helper()
	manyTasks(t, d, userID, n)
	d.Exec(t, `UPDATE tasks SET title_fold = 'hay', title_key = 'hay', position = '1' WHERE user_id = ?`, userID)
	var long, longNeedles []any
	for i, id := range listed(t, d, userID) {
		switch {
		case i%97 == 0:
			if i%2 == 0 {
				longNeedles = append(longNeedles, id)
			}
			needles = append(needles, id)
		case i%31 == 0 && i < longestBefore:
			long = append(long, id)
		}
	}
	hay := strings.Repeat("h", 30_000)
	describe(t, d, userID, "a needle", "a needle", asAny(needles))
	describe(t, d, userID, hay[:10_000], hay+"a needle", longNeedles)
	describe(t, d, userID, "ﷺ", strings.Repeat("صلى الله عليه وسلم", 10_000), long) // the longest fold: a letter that becomes eighteen
	return needles
}

// longestBefore is how many of the tasks in a haystack have the longest ones among them.
const longestBefore = 400

// describe gives all of the tasks the same description.
func describe(t *testing.T, d *database, userID, text, folded string, ids []any) {
	t.Helper()
	if len(ids) == 0 {
		return
	}
	d.Exec(t, `UPDATE tasks SET description = ?, description_fold = ? WHERE user_id = ? AND id IN (?`+strings.Repeat(", ?", len(ids)-1)+`)`,
		append([]any{text, folded, userID}, ids...)...)
}

func asAny(ids []int64) (all []any) {
	for _, id := range ids {
		all = append(all, id)
	}
	return all
}

// searchPieces searches a haystack of n tasks in every order, with each of these numbers of
// tasks in a page.
func searchPieces(t *testing.T, d *database, n int, limits ...int) {
	t.Helper()
	u, _ := signedUp(t, d)
	needles := haystack(t, d, u.ID, n)
	s, statements := recorded(t, d)
	for name, by := range orders {
		for _, descending := range []bool{false, true} {
			want := slices.Clone(needles) // all keys are equal, so the ids decide the order
			if descending {
				slices.Reverse(want)
			}
			for _, limit := range limits {
				var got []int64
				for q := (tasks.Query{By: by, Descending: descending, Search: "NEEDLE"}); ; {
					page, next, err := storetest.TaskPage(t.Context(), s, u.ID, q, limit)
					if err != nil {
						t.Fatal(err)
					}
					for _, task := range page {
						got = append(got, task.ID)
					}
					if q.After = next; next == nil {
						break
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s, descending: %t, limit %d (-want +got):\n%s", name, descending, limit, diff)
				}
			}
		}
	}
	for _, statement := range slices.CompactFunc(*statements, func(a, b tasks.Statement) bool { return a.Text == b.Text }) {
		if rows := statement.Args[len(statement.Args)-1]; strings.Contains(statement.Text, "LIMIT") && rows != tasks.SearchRows {
			t.Errorf("%v tasks at once: %s", rows, statement.Text)
		}
	}
	db := d.Raw(t)
	for _, statement := range *statements {
		if !strings.HasPrefix(statement.Text, "SELECT id FROM") {
			continue
		}
		var size int
		sum := `SELECT sum(octet_length(title_fold) + octet_length(description_fold)) FROM tasks WHERE user_id = ? AND id IN (?` + strings.Repeat(", ?", tasks.LongRows-1) + `)`
		if err := db.Get(&size, db.Rebind(sum), statement.Args[:1+tasks.LongRows]...); err != nil || size > tasks.SearchBytes {
			t.Errorf("%d bytes are looked through at once, %v", size, err)
		}
	}
}

func shortPageCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	manyTasks(t, d, u.ID, 5*tasks.SearchRows)
	d.Exec(t, `UPDATE tasks SET title_fold = 'hay' WHERE user_id = ?`, u.ID)
	for name, limited := range map[string]func(*database){
		"by tasks": func(s *database) { s.SetSearch(2*tasks.SearchRows, 1) },
		"by bytes": func(s *database) { s.SetSearchBytes(2*tasks.SearchRows*len("hay"), 1) },
	} {
		s := open(t, d.URL)
		limited(s)
		pages := 0
		for q := (tasks.Query{Search: "needle"}); ; pages++ {
			page, next, err := storetest.TaskPage(t.Context(), s, u.ID, q, 10)
			if err != nil || len(page) != 0 || pages > 3 {
				t.Fatalf("%s: page %d has %d tasks, %v", name, pages, len(page), err)
			}
			if q.After = next; next == nil {
				break
			}
		}
		// The last piece is full, so one more piece is needed to see the end.
		if pages != 2 {
			t.Errorf("%s: got %d links, want 2", name, pages)
		}
	}
	// A piece has fewer long tasks.
	u, _ = signedUp(t, d)
	haystack(t, d, u.ID, longestBefore)
	size := d.CountRows(t, `SELECT sum(octet_length(title_fold) + COALESCE(octet_length(description_fold), 0)) FROM tasks WHERE user_id = ?`, u.ID)
	s := open(t, d.URL)
	s.SetSearchBytes(1, 1)
	pages := 0
	for q := (tasks.Query{Search: "nothing"}); ; pages++ {
		_, next, err := storetest.TaskPage(t.Context(), s, u.ID, q, 10)
		if err != nil {
			t.Fatal(err)
		}
		if q.After = next; next == nil {
			break
		}
	}
	// By their number the tasks would be two pieces.
	if want := size / tasks.SearchBytes; want < 3 || pages < want {
		t.Errorf("got %d links for %d bytes, want at least %d", pages, size, want)
	}
}

func longSearchCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	manyTasks(t, d, u.ID, 3*tasks.SearchRows)
	d.Exec(t, `UPDATE tasks SET title_fold = 'hay' WHERE user_id = ?`, u.ID)
	s := open(t, d.URL)
	for _, tc := range []struct {
		tasks, want int
		err         error
	}{{2 * tasks.SearchRows, tasks.SearchRows, tasks.ErrSearchTooLong}, {4 * tasks.SearchRows, 3 * tasks.SearchRows, nil}} {
		s.SetSearch(1, tc.tasks)
		got, failed := 0, error(nil)
		for _, err := range s.ListTasks(t.Context(), u.ID, tasks.Query{Search: "hay"}) {
			if failed = err; err == nil {
				got++
			}
		}
		if got != tc.want || !errors.Is(failed, tc.err) {
			t.Errorf("%d at most: got %d tasks and %v, want %d and %v", tc.tasks, got, failed, tc.want, tc.err)
		}
	}
}

func turnCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	haystack(t, d, u.ID, 300)
	s, statements := recorded(t, d)
	taken, held := 0, 0
	q := tasks.Query{Search: "nothing", Turn: func(context.Context) (func(), error) {
		if held++; held > 1 {
			t.Error("two turns at once")
		}
		taken++
		return func() { held-- }, nil
	}}
	if _, _, err := storetest.TaskPage(t.Context(), s, u.ID, q, 10); err != nil {
		t.Fatal(err)
	}
	if taken != len(*statements) || taken < 3 || held != 0 {
		t.Errorf("%d turns for %d statements, %d were not left", taken, len(*statements), held)
	}
	q.Turn = func(context.Context) (func(), error) { return nil, errNoTurn }
	_, _, err := s.PageTasks(t.Context(), u.ID, q, 10)
	wantError(t, "a page without a turn", err, errNoTurn)
	for _, err := range s.ListTasks(t.Context(), u.ID, q) {
		wantError(t, "a list without a turn", err, errNoTurn)
	}
}

var errNoTurn = errors.New("no turn")
