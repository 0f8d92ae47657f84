package tasks_test

import (
	"encoding/json"
	"os"
	"testing"

	"vestibule/store/tasks"
)

// sharedSearch is a row of testdata/searches.json. e2e/client/app/fold.test.js reads it too: a
// search of the app must find what a search of the API finds.
type sharedSearch struct {
	About, Text, Search string
	Found               bool
	Unsent              bool // no such search reaches the store
}

func sharedSearches(t *testing.T) (all []sharedSearch) {
	t.Helper()
	text, err := os.ReadFile("testdata/searches.json")
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestASearchFindsWhateverTheCaseAndAccents(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		for _, c := range sharedSearches(t) {
			if c.Unsent {
				continue
			}
			u, _ := signedUp(t, d)
			task := newTask(u.ID)
			task.Title = c.Text
			created(t, d, task)
			task.Title, task.Description = "~", &c.Text
			created(t, d, task)
			want := 0
			if c.Found {
				want = 2
			}
			if got := paged(t, d, u.ID, tasks.Query{Search: c.Search}, 10); len(got) != want {
				t.Errorf("%s: a search for %q finds %d of 2 tasks with %q, want %d", c.About, c.Search, len(got), c.Text, want)
			}
		}
	})
}
