package tasks_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"vestibule/store/tasks"
)

// TestTasksOfAUserAreBounded: a refused task leaves no rows, and a deleted task makes room
// for another.
func TestTasksOfAUserAreBounded(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		d.TasksPerUser = 3
		u, _ := signedUp(t, d)
		other, _ := signedUp(t, d)
		var last tasks.Task
		for range 3 {
			last = created(t, d, newTask(u.ID))
		}
		for range 2 {
			_, err := d.CreateTask(t.Context(), newTask(u.ID))
			wantError(t, "one more", err, tasks.ErrTooManyTasks)
			_, _, err = d.CreateTaskOnce(t.Context(), newTask(u.ID), newOnce("k"))
			wantError(t, "one more, with a key", err, tasks.ErrTooManyTasks)
		}
		if n := len(events(t, d, u.ID, 0)); n != 3 || d.TasksOf(t, u.ID) != 3 || d.CountRows(t, `SELECT count(*) FROM idempotency`) != 0 {
			t.Errorf("refused tasks have left something: %d events", n)
		}
		if _, err := d.ToggleTask(t.Context(), u.ID, last.ID, nil, base()); err != nil {
			t.Errorf("toggle at the limit: %v", err)
		}
		created(t, d, newTask(other.ID))
		if err := d.DeleteTask(t.Context(), u.ID, last.ID, nil, base()); err != nil {
			t.Fatal(err)
		}
		created(t, d, newTask(u.ID))
		_, err := d.CreateTask(t.Context(), newTask(u.ID))
		wantError(t, "one more again", err, tasks.ErrTooManyTasks)
	})
}

func lastApplied(t *testing.T, s *database) (version int64) {
	t.Helper()
	status, err := s.MigrationStatus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range status {
		if m.Applied {
			version = m.Version
		}
	}
	return version
}

// TestTheMigrationCountsTasks that existed before tasks were counted.
func TestTheMigrationCountsTasks(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d)
		other, _ := signedUp(t, d)
		created(t, d, newTask(u.ID))
		for lastApplied(t, d) >= 17 {
			if err := d.MigrateDown(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		manyTasks(t, d, u.ID, 2)
		manyTasks(t, d, other.ID, 4) // this user has no row in task_feed
		if err := d.MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]int{u.ID: 3, other.ID: 4} {
			if got := d.CountRows(t, `SELECT tasks FROM task_feed WHERE user_id = ?`, id); got != want {
				t.Errorf("got %d, want %d", got, want)
			}
		}
		created(t, d, newTask(other.ID))
		if got := events(t, d, other.ID, 0); len(got) != 1 || got[0].Seq != 1 {
			t.Errorf("got %+v, want the first event", got)
		}
	})
}

// TestKeptAnswersAreBounded: above the bound a request with a new key does nothing, and a
// request whose answer is kept still gets it.
func TestKeptAnswersAreBounded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, full string }{
		{"by their number", `UPDATE task_feed SET kept_seq = ? WHERE user_id = ?`},
		{"by their bytes", `UPDATE task_feed SET kept_bytes = ? WHERE user_id = ?`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, d *database) {
				u, _ := signedUp(t, d)
				other, _ := signedUp(t, d)
				ctx := t.Context()
				for _, key := range []string{"k1", "k2"} {
					if _, _, err := d.CreateTaskOnce(ctx, newTask(u.ID), newOnce(key)); err != nil {
						t.Fatal(err)
					}
				}
				room := tasks.MaxKept // the next answer is the last one that fits: its number is from 1 to MaxKept
				if strings.Contains(tt.full, "bytes") {
					room = tasks.MaxKeptBytes
				}
				d.Exec(t, tt.full, room-1, u.ID)
				if _, _, err := d.CreateTaskOnce(ctx, newTask(u.ID), newOnce("k3")); err != nil {
					t.Fatalf("the last that there is room for: %v", err)
				}
				for range 2 {
					_, _, err := d.CreateTaskOnce(ctx, newTask(u.ID), newOnce("k4"))
					if full, ok := errors.AsType[*tasks.KeptFull](err); !ok || !full.Until.Equal(kept(time.Hour)) {
						t.Fatalf("beyond: got %v, want KeptFull until the oldest expires", err)
					}
				}
				if n := d.TasksOf(t, u.ID); n != 3 {
					t.Errorf("got %d tasks, want 3", n)
				}
				if _, replayed, err := d.CreateTaskOnce(ctx, newTask(u.ID), newOnce("k3")); !replayed || err != nil {
					t.Errorf("again: got replayed %t, %v", replayed, err)
				}
				created(t, d, newTask(u.ID)) // needs no room, because it has no key
				if _, _, err := d.CreateTaskOnce(ctx, newTask(other.ID), newOnce("k")); err != nil {
					t.Errorf("another user: %v", err)
				}
				if n, err := d.DeleteExpiredAnswers(ctx, base().Add(time.Hour), 2); n != 2 || err != nil {
					t.Fatalf("got %d, %v", n, err)
				}
				if _, _, err := d.CreateTaskOnce(ctx, newTask(u.ID), newOnce("k4")); err != nil {
					t.Errorf("after the oldest have gone: %v", err)
				}
			})
		})
	}
}

// TestEventsAreBoundedByBytes: few large events or many small ones are kept, and each
// statement deletes a bounded number.
func TestEventsAreBoundedByBytes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d)
		task := newTask(u.ID)
		task.Description = new(strings.Repeat("€", 10_000)) // three bytes each
		const size, n = 30_000, 320
		most := largest(d)
		task = created(t, d, task)
		for range n {
			if _, err := d.ToggleTask(t.Context(), u.ID, task.ID, nil, base()); err != nil {
				t.Fatal(err)
			}
		}
		oldest, latest, err := d.TaskFeed(t.Context(), u.ID)
		if err != nil || latest.Seq != n+1 {
			t.Fatalf("got %v, %v", latest, err)
		}
		const all, slack = tasks.TaskHistoryBytes / size, tasks.TaskHistoryBytes / size / 8
		if got := latest.Seq - oldest + 1; got < all-1 || got > all+slack+2 {
			t.Errorf("got %d events kept, want %d to %d", got, all, all+slack)
		}
		if got := events(t, d, u.ID, oldest-1); got[0].Seq != oldest {
			t.Errorf("got %d first, want %d", got[0].Seq, oldest)
		}
		if got := most(); got > 200 {
			t.Errorf("got %d rows in a statement", got)
		}
	})
}
