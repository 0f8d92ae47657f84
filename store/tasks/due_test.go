package tasks_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"vestibule/store/tasks"
)

// TestDatesAreFilteredInEveryOrder compares with a filter in memory.
func TestDatesAreFilteredInEveryOrder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		const seed = 16
		random := rand.New(rand.NewPCG(seed, seed))
		u, _ := signedUp(t, d)
		all := mixedTasks(t, d, u.ID, random)
		d.SetSearch(40, 1000) // several pages
		day := func(n string) string { return "2026-02-0" + n }
		for name, filter := range map[string]struct {
			due  *tasks.Due
			want func(*string) bool
		}{
			"from and to": {tasks.DueBetween(day("3"), day("5")), func(s *string) bool { return s != nil && *s >= day("3") && *s <= day("5") }},
			"from":        {tasks.DueBetween(day("7"), ""), func(s *string) bool { return s != nil && *s >= day("7") }},
			"to":          {tasks.DueBetween("", day("2")), func(s *string) bool { return s != nil && *s <= day("2") }},
			"any":         {tasks.DueBetween("", ""), func(s *string) bool { return s != nil }},
			"one day":     {tasks.DueBetween(day("4"), day("4")), func(s *string) bool { return s != nil && *s == day("4") }},
			"nothing":     {tasks.DueBetween(day("5"), day("3")), func(*string) bool { return false }},
			"none":        {tasks.NotDue(), func(s *string) bool { return s == nil }},
		} {
			some := slices.DeleteFunc(slices.Clone(all), func(t tasks.Task) bool { return !filter.want(t.DueOn) })
			for order, by := range orders {
				for _, completed := range []*bool{nil, new(true), new(false)} {
					for _, descending := range []bool{false, true} {
						q := tasks.Query{By: by, Completed: completed, Descending: descending, Due: filter.due}
						if random.IntN(2) == 0 {
							q.Search = "task"
						}
						want := inMemory(some, q)
						if got := allPages(t, d, u.ID, q, random); !slices.Equal(got, want) {
							t.Errorf("%s, order %s, %+v:\ngot  %v\nwant %v", name, order, q, got, want)
						}
						if random.IntN(2) == 0 {
							continue
						}
						var got []int64
						for task, err := range d.ListTasks(t.Context(), u.ID, q) {
							if err != nil {
								t.Fatal(err)
							}
							got = append(got, task.ID)
						}
						if !slices.Equal(got, want) {
							t.Errorf("%s, order %s, %+v, streamed:\ngot  %v\nwant %v", name, order, q, got, want)
						}
					}
				}
			}
		}
	})
}
