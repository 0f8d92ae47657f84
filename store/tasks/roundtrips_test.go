package tasks_test

import (
	"testing"

	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store/tasks"
)

// TestRoundTrips counts how often a call waits for PostgreSQL.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	p := storetest.NewProxy(t, direct, nil)
	d := storetest.MigratedURL(t, p.URL, direct)
	d.TasksPerUser = 100
	u, _ := signedUp(t, d)
	ctx := t.Context()
	task := created(t, d, newTask(u.ID))
	doomed := []tasks.Task{created(t, d, newTask(u.ID)), created(t, d, newTask(u.ID))}
	keys := []string{"first", "second"}
	for _, call := range []struct {
		name string
		want int64
		do   func(round int) error
	}{
		{"a page", 1, func(int) error {
			_, _, err := storetest.TaskPage(ctx, d, u.ID, tasks.Query{By: tasks.ByCreated, Descending: true}, 20)
			return err
		}},
		{"a task", 1, func(int) error { _, err := d.Task(ctx, u.ID, task.ID); return err }},
		{"create", 1, func(int) error { _, err := d.CreateTask(ctx, newTask(u.ID)); return err }},
		{"update", 1, func(int) error {
			_, err := d.UpdateTask(ctx, u.ID, task.ID, tasks.Change{Title: new("x")}, nil, base())
			return err
		}},
		{"toggle", 1, func(int) error { _, err := d.ToggleTask(ctx, u.ID, task.ID, nil, base()); return err }},
		{"delete", 1, func(round int) error { return d.DeleteTask(ctx, u.ID, doomed[round].ID, nil, base()) }},
		{"create with a key", 10, func(round int) error {
			_, _, err := d.CreateTaskOnce(ctx, newTask(u.ID), newOnce(keys[round]))
			return err
		}},
	} {
		var took int64
		for round := range 2 { // the first may find no connection
			before := p.RoundTrips()
			if err := call.do(round); err != nil {
				t.Fatalf("%s: %v", call.name, err)
			}
			took = p.RoundTrips() - before
		}
		if took != call.want {
			t.Errorf("%s: got %d round trips, want %d", call.name, took, call.want)
		}
	}
}

// TestTwoTasksForTheLastPlace: both look for room before either is committed.
func TestTwoTasksForTheLastPlace(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	d.TasksPerUser = 2
	u, _ := signedUp(t, d)
	created(t, d, newTask(u.ID))
	raw := d.Raw(t)
	lock, err := raw.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback() }()
	if _, err := lock.Exec(`SELECT 1 FROM task_feed WHERE user_id = $1 FOR UPDATE`, u.ID); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	for range 2 {
		go func() { _, err := d.CreateTask(t.Context(), newTask(u.ID)); done <- err }()
	}
	waittest.Until(t, "both wait for the feed", func() bool {
		var waiting int
		if err := raw.Get(&waiting, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`); err != nil {
			t.Fatal(err)
		}
		return waiting == 2
	})
	if err := lock.Commit(); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for range 2 {
		if err := <-done; err != nil {
			wantError(t, "the second", err, tasks.ErrTooManyTasks)
			refused++
		}
	}
	if n := d.TasksOf(t, u.ID); n != 2 || refused != 1 || len(events(t, d, u.ID, 0)) != 2 {
		t.Errorf("got %d tasks and %d refusals, want 2 and 1", n, refused)
	}
}
