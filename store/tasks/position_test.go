package tasks_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store/tasks"
)

// TestANewTaskIsBeforeTheOthers: its position is text of a fixed length, until the year 9999.
func TestANewTaskIsBeforeTheOthers(t *testing.T) {
	t.Parallel()
	last := "g"
	for _, created := range []string{"1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.001Z", "2026-02-03T04:05:06.789Z", "2026-02-03T04:05:06.790Z", "9999-12-31T23:59:59.999Z"} {
		at, err := time.Parse(time.RFC3339, created)
		if err != nil {
			t.Fatal(err)
		}
		got := tasks.FirstPosition(at)
		if got >= last || len(got) != len(tasks.FirstPosition(time.Now())) {
			t.Errorf("%s: got %s, want something before %s", created, got, last)
		}
		last = got
	}
	// e2e/client/app/position.test.js has the same value.
	if got := tasks.FirstPosition(time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC)); got != "fe63de53139a8" {
		t.Errorf("got %s for the example, want fe63de53139a8", got)
	}
}

// TestPositionsOfEarlierVersions: the migration gives rows the position that an event without
// one has, and a trigger gives it to the rows of instances that do not know it.
func TestPositionsOfEarlierVersions(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d)
		for lastApplied(t, d) >= 26 {
			if err := d.MigrateDown(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		manyTasks(t, d, u.ID, 2500) // more than the migration changes at once
		d.Exec(t, `UPDATE tasks SET title_fold = 'café' WHERE id = (SELECT min(id) FROM tasks WHERE user_id = ?)`, u.ID)
		d.Exec(t, `UPDATE tasks SET title_fold = 'task' WHERE title_fold IS NULL`)
		d.Exec(t, `UPDATE tasks SET title = 'Café' WHERE title_fold = 'café'`)
		if err := d.MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		foldAsBefore(t, d)
		manyTasks(t, d, u.ID, 10)
		n := 0
		for task, err := range d.ListTasks(t.Context(), u.ID, tasks.Query{By: tasks.ByPosition}) {
			if err != nil {
				t.Fatal(err)
			}
			if want := tasks.FirstPosition(task.CreatedAt); task.Position != want {
				t.Fatalf("task %d has the position %q, want %q", task.ID, task.Position, want)
			}
			n++
		}
		if n != 2510 {
			t.Errorf("got %d tasks, want all 2510", n)
		}
		foldAll(t, d)
		if got := paged(t, d, u.ID, tasks.Query{Search: "cafe"}, 10); len(got) != 1 {
			t.Errorf("a task whose text was folded with its accents: got %v, want it found", got)
		}
	})
}

// TestMovedAndDue: a change of one of these members changes no other, and an event has both.
func TestMovedAndDue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d)
		task := newTask(u.ID)
		task.DueOn, task.Position = new("2026-12-31"), "abc"
		want := created(t, d, task)
		change := func(c tasks.Change) {
			t.Helper()
			got, err := d.UpdateTask(t.Context(), u.ID, want.ID, c, nil, want.UpdatedAt)
			if err != nil {
				t.Fatal(err)
			}
			c.ApplyTo(&want)
			want.Version++
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if all := events(t, d, u.ID, 0); !cmp.Equal(all[len(all)-1].Task, want) {
				t.Errorf("the event has %+v, want %+v", all[len(all)-1].Task, want)
			}
		}
		change(tasks.Change{Position: new("8")})
		change(tasks.Change{DueOn: new(new("2027-01-01"))})
		change(tasks.Change{Title: new("Other")})
		for range 2 {
			got, err := d.ToggleTask(t.Context(), u.ID, want.ID, nil, want.UpdatedAt)
			want.Completed, want.Version = !want.Completed, want.Version+1
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		}
		if got := paged(t, d, u.ID, tasks.Query{By: tasks.ByDue, Due: tasks.DueBetween("2027-01-01", "")}, 10); len(got) != 1 {
			t.Error("the task is not found by its new date")
		}
		got, err := d.UpdateTask(t.Context(), u.ID, want.ID, tasks.Change{Position: new("")}, nil, want.UpdatedAt)
		if err != nil || got.Moved() {
			t.Errorf("moved back: got the position %q, error %v, want %q", got.Position, err, tasks.FirstPosition(want.CreatedAt))
		}
		want.Position, want.Version = got.Position, got.Version
		change(tasks.Change{DueOn: new((*string)(nil))})
		if got := paged(t, d, u.ID, tasks.Query{By: tasks.ByDue, Due: tasks.NotDue()}, 10); len(got) != 1 {
			t.Error("the task without a date is not found without one")
		}
	})
}
