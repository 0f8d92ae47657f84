package tasks_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/pgtest"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

func taskCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a task is read as it was written":                     taskRoundTripCase,
		"a task needs a user":                                  taskWithoutUserCase,
		"a change keeps what it does not name":                 updateTaskCase,
		"another user's task cannot be seen or changed":        foreignTaskCase,
		"a task that does not exist is not found":              missingTaskCase,
		"the id of a deleted task is not used again":           idReuseCase,
		"two toggles at once are both done":                    toggleRaceCase,
		"changes of different fields at once are both kept":    updateRaceCase,
		"a title over the limit is refused by the schema also": longTitleCase,
	}
}

func taskRoundTripCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	for name, change := range map[string]func(*tasks.Task){
		"plain":             func(*tasks.Task) {},
		"with description":  func(task *tasks.Task) { task.Description = new("two litres\nof it") },
		"empty description": func(task *tasks.Task) { task.Description = new("") },
		"completed":         func(task *tasks.Task) { task.Completed = true },
		"due":               func(task *tasks.Task) { task.DueOn = new("0001-01-01") },
		"in its place":      func(task *tasks.Task) { task.Position = "8" },
	} {
		task := newTask(u.ID)
		change(&task)
		got := created(t, d, task)
		want := task
		want.ID, want.CreatedAt, want.UpdatedAt, want.Version = got.ID, kept(0), kept(0), 1
		if want.Position == "" {
			want.Position = got.Position
		}
		if got.ID <= 0 {
			t.Errorf("%s: got id %d, want a positive one", name, got.ID)
		}
		if got.Position == "" {
			t.Errorf("%s: got no position", name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, created (-want +got):\n%s", name, diff)
		}
		got, err := d.Task(t.Context(), u.ID, got.ID)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, read (-want +got):\n%s", name, diff)
		}
	}
}

func taskWithoutUserCase(t *testing.T, d *database) {
	_, err := d.CreateTask(t.Context(), newTask(newUser().ID))
	wantError(t, "create", err, db.ErrNoUser)
}

func updateTaskCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	task := newTask(u.ID)
	task.Description = new("two litres")
	want := created(t, d, task)
	now := base()
	for _, step := range []struct {
		name   string
		change tasks.Change
		effect func()
	}{
		{"nothing", tasks.Change{}, func() {}},
		{"title", tasks.Change{Title: new("Buy bread")}, func() { want.Title = "Buy bread" }},
		{"completed", tasks.Change{Completed: new(true)}, func() { want.Completed = true }},
		{"description", tasks.Change{Description: new(new("rye"))}, func() { want.Description = new("rye") }},
		{"no description", tasks.Change{Description: new((*string)(nil))}, func() { want.Description = nil }},
		{"everything", tasks.Change{Title: new("T"), Description: new(new("")), Completed: new(false)},
			func() { want.Title, want.Description, want.Completed = "T", new(""), false }},
	} {
		now = now.Add(time.Second)
		got, err := d.UpdateTask(t.Context(), u.ID, want.ID, step.change, nil, now)
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		step.effect()
		want.UpdatedAt = now.UTC().Truncate(time.Millisecond)
		want.Version++
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
		if read, err := d.Task(t.Context(), u.ID, want.ID); err != nil || !cmp.Equal(want, read) {
			t.Errorf("%s, read again: got %+v, error %v", step.name, read, err)
		}
	}
}

func foreignTaskCase(t *testing.T, d *database) {
	owner, _ := signedUp(t, d)
	thief, _ := signedUp(t, d)
	task := created(t, d, newTask(owner.ID))
	now := base().Add(time.Hour)

	_, err := d.Task(t.Context(), thief.ID, task.ID)
	wantError(t, "read", err, db.ErrNotFound)
	_, err = d.UpdateTask(t.Context(), thief.ID, task.ID, tasks.Change{Title: new("mine")}, nil, now)
	wantError(t, "update", err, db.ErrNotFound)
	_, err = d.ToggleTask(t.Context(), thief.ID, task.ID, nil, now)
	wantError(t, "toggle", err, db.ErrNotFound)
	wantError(t, "delete", d.DeleteTask(t.Context(), thief.ID, task.ID, nil, base()), db.ErrNotFound)
	if ids := listed(t, d, thief.ID); len(ids) != 0 {
		t.Errorf("list: got %v, want none", ids)
	}
	if got, err := d.Task(t.Context(), owner.ID, task.ID); err != nil || !cmp.Equal(task, got) {
		t.Errorf("the task: got %+v, error %v, want it as it was", got, err)
	}
}

func missingTaskCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	if err := d.DeleteTask(t.Context(), u.ID, task.ID, nil, base()); err != nil {
		t.Fatalf("delete: %v", err)
	}
	for _, id := range []int64{task.ID, 0, -1, 1 << 62} {
		_, err := d.Task(t.Context(), u.ID, id)
		wantError(t, "read", err, db.ErrNotFound)
		_, err = d.UpdateTask(t.Context(), u.ID, id, tasks.Change{}, nil, base())
		wantError(t, "update", err, db.ErrNotFound)
		_, err = d.ToggleTask(t.Context(), u.ID, id, nil, base())
		wantError(t, "toggle", err, db.ErrNotFound)
		wantError(t, "delete", d.DeleteTask(t.Context(), u.ID, id, nil, base()), db.ErrNotFound)
	}
}

func idReuseCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	first := created(t, d, newTask(u.ID))
	if err := d.DeleteTask(t.Context(), u.ID, first.ID, nil, base()); err != nil {
		t.Fatalf("delete: %v", err)
	}
	if second := created(t, d, newTask(u.ID)); second.ID <= first.ID {
		t.Errorf("got id %d after the deleted %d, want a higher one", second.ID, first.ID)
	}
}

func toggleRaceCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	toggleRace(t, d, created(t, d, newTask(u.ID)))
}

// toggleRace toggles the task an odd number of times, always two at once.
func toggleRace(t *testing.T, s *database, task tasks.Task) {
	t.Helper()
	const pairs = 20
	for range pairs {
		var results [2]tasks.Task
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() {
				var err error
				if results[i], err = s.ToggleTask(t.Context(), task.UserID, task.ID, nil, base()); err != nil {
					t.Errorf("toggle: %v", err)
				}
			})
		}
		wg.Wait()
		if results[0].Completed == results[1].Completed {
			t.Fatalf("both toggles returned completed = %t, want one true and one false", results[0].Completed)
		}
	}
	if got, err := s.ToggleTask(t.Context(), task.UserID, task.ID, nil, base()); err != nil || !got.Completed {
		t.Errorf("after %d toggles: got completed %t, error %v, want true", 2*pairs+1, got.Completed, err)
	}
}

// A database with serializable transactions aborts those that conflict. The store runs them
// again.
func TestTogglesAreDoneUnderSerializableIsolationToo(t *testing.T) {
	t.Parallel()
	serializable := with(t, pgtest.Database(t), "default_transaction_isolation", "serializable")
	s := open(t, serializable)
	if err := s.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	u, _ := signedUp(t, s)
	toggleRace(t, s, created(t, s, newTask(u.ID)))
}

func updateRaceCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	for range 10 {
		task := created(t, d, newTask(u.ID))
		var wg sync.WaitGroup
		for _, change := range []tasks.Change{
			{Title: new("new title")}, {Description: new(new("new description"))}, {Completed: new(true)},
		} {
			wg.Go(func() {
				if _, err := d.UpdateTask(t.Context(), u.ID, task.ID, change, nil, base()); err != nil {
					t.Errorf("update: %v", err)
				}
			})
		}
		wg.Wait()
		got, err := d.Task(t.Context(), u.ID, task.ID)
		want := task
		want.Title, want.Description, want.Completed, want.Version = "new title", new("new description"), true, 4
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("error %v (-want +got):\n%s", err, diff)
		}
	}
}

func longTitleCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	for name, title := range map[string]string{"256 code points": repeat("é", 256), "empty": ""} {
		task := newTask(u.ID)
		task.Title = title
		if _, err := d.CreateTask(t.Context(), task); err == nil || errors.Is(err, db.ErrUnavailable) {
			t.Errorf("%s: got error %v, want one that is not %v", name, err, db.ErrUnavailable)
		}
	}
}
