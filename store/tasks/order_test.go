package tasks_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/store/tasks"
)

// mixedTasks creates many tasks, short and long, with few different keys in each order.
func mixedTasks(t *testing.T, d *database, userID string, random *rand.Rand) (all []tasks.Task) {
	t.Helper()
	for range 100 {
		task := newTask(userID)
		task.Title = fmt.Sprintf("task %d", random.IntN(8))
		task.Completed = random.IntN(4) == 0
		task.CreatedAt = base().Add(time.Duration(random.IntN(8)) * time.Second)
		task.UpdatedAt = base().Add(time.Duration(random.IntN(8)) * time.Millisecond)
		if random.IntN(3) > 0 {
			task.DueOn = new(fmt.Sprintf("2026-02-%02d", 1+random.IntN(8)))
		}
		if random.IntN(2) == 0 {
			task.Position = fmt.Sprintf("%x", 1+random.IntN(8))
		}
		if random.IntN(6) == 0 {
			task.Description = new(strings.Repeat("ä", 1+random.IntN(2000)))
		}
		all = append(all, created(t, d, task))
	}
	return all
}

// inMemory returns the result of q, filtered and sorted in memory.
func inMemory(all []tasks.Task, q tasks.Query) (ids []int64) {
	due := func(t tasks.Task) string {
		if t.DueOn == nil {
			return "~"
		}
		return *t.DueOn
	}
	key := func(t tasks.Task) string {
		return map[tasks.Order]string{tasks.ByPosition: t.Position, tasks.ByDue: due(t), tasks.ByCreated: t.CreatedAt.Format(time.RFC3339Nano), tasks.ByUpdated: t.UpdatedAt.Format("05.000"), tasks.ByTitle: t.Title}[q.By]
	}
	keys := make(map[int64]string, len(all)) // made once for each task, not in each comparison
	for _, t := range all {
		keys[t.ID] = key(t)
	}
	sorted := slices.SortedFunc(slices.Values(all), func(a, b tasks.Task) int {
		return cmp.Or(cmp.Compare(keys[a.ID], keys[b.ID]), cmp.Compare(a.ID, b.ID))
	})
	if q.Descending {
		slices.Reverse(sorted)
	}
	if q.Descending && q.By == tasks.ByDue {
		slices.SortStableFunc(sorted, func(a, b tasks.Task) int { return cmp.Compare(strings.Index(due(a), "~"), strings.Index(due(b), "~")) })
	}
	for _, t := range sorted {
		if q.Completed == nil || t.Completed == *q.Completed {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// allPages returns the ids of all pages, which have random sizes.
func allPages(t *testing.T, d *database, userID string, q tasks.Query, random *rand.Rand) (ids []int64) {
	t.Helper()
	for {
		tasks, next, err := storetest.TaskPage(t.Context(), d, userID, q, 1+random.IntN(40))
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			ids = append(ids, task.ID)
		}
		if next == nil {
			return ids
		}
		q.After = next
	}
}

// TestPagesAreThoseOfASortInMemory, also while tasks are toggled: in all orders that a
// toggle does not change, each task has the same place and appears once.
func TestPagesAreThoseOfASortInMemory(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		const seed = 10
		random := rand.New(rand.NewPCG(seed, seed))
		u, _ := signedUp(t, d)
		all := mixedTasks(t, d, u.ID, random)
		check := func(when string, q tasks.Query) {
			t.Helper()
			for _, q.Descending = range []bool{false, true} {
				if got, want := allPages(t, d, u.ID, q, random), inMemory(all, q); !slices.Equal(got, want) {
					t.Errorf("%s, %+v:\ngot  %v\nwant %v", when, q, got, want)
				}
			}
		}
		for _, by := range orders {
			for _, completed := range []*bool{nil, new(true), new(false)} {
				check("at rest", tasks.Query{By: by, Completed: completed})
				check("a search", tasks.Query{By: by, Completed: completed, Search: "TASK"})
			}
		}

		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			for i := 0; ctx.Err() == nil; i++ {
				time.Sleep(time.Millisecond) // several toggles for each page are enough
				if _, err := d.ToggleTask(ctx, u.ID, all[i*7%len(all)].ID, nil, base()); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
					return
				}
			}
		}()
		for _, by := range []tasks.Order{tasks.ByID, tasks.ByCreated, tasks.ByTitle} {
			for range 3 {
				check("while tasks are toggled", tasks.Query{By: by})
			}
		}
		stop()
		<-stopped
	})
}
