package tasks_test

import (
	"fmt"
	"testing"

	"vestibule/store/db"
	"vestibule/store/tasks"
)

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
