package tasks_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/storetest"
	"vestibule/store/tasks"
)

func pageCase(t *testing.T, d *database) { pagesOf(t, d, 2) }

// pagesOf reads all pages in every order, with each of these numbers of tasks in a page.
func pagesOf(t *testing.T, d *database, limits ...int) {
	t.Helper()
	u, _ := signedUp(t, d)
	other, _ := signedUp(t, d)
	// Titles in the order of creation. Several times of each kind are equal.
	for i, title := range []string{"beta", "Alpha", "alpha", "Éclair", "éclair", "zulu", "Beta", "ähre"} {
		task := newTask(u.ID)
		task.Title = title
		task.Completed = i%3 == 0
		task.CreatedAt = base().Add(time.Duration(i/2) * time.Second)
		task.UpdatedAt = base().Add(time.Duration(-i/3) * time.Second)
		task.DueOn = map[int]*string{1: new("2026-03-01"), 4: new("0001-01-01"), 5: new("2026-02-28"), 6: new("2026-03-01")}[i]
		created(t, d, task)
		task.UserID = other.ID
		created(t, d, task)
	}
	all := map[string][]string{
		"id":      {"beta", "Alpha", "alpha", "Éclair", "éclair", "zulu", "Beta", "ähre"},
		"created": {"beta", "Alpha", "alpha", "Éclair", "éclair", "zulu", "Beta", "ähre"},
		"updated": {"Beta", "ähre", "Éclair", "éclair", "zulu", "beta", "Alpha", "alpha"},
		"title":   {"ähre", "Alpha", "alpha", "beta", "Beta", "Éclair", "éclair", "zulu"},
		// The newest first.
		"position": {"Beta", "ähre", "éclair", "zulu", "alpha", "Éclair", "beta", "Alpha"},
		"due":      {"éclair", "zulu", "Alpha", "Beta", "beta", "alpha", "Éclair", "ähre"},
	}
	const dated = 4
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
				if descending && by == tasks.ByDue { // those without a date come last all the same
					never := func(title string) bool { return slices.Index(all["due"], title) >= dated }
					want = slices.Concat(slices.DeleteFunc(slices.Clone(want), never), slices.DeleteFunc(slices.Clone(want), func(title string) bool { return !never(title) }))
				}
				q := tasks.Query{By: by, Descending: descending, Completed: completed}
				for _, limit := range limits {
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
		for i := range 30 {
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
