package db_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

const toggles = 51 // by each process

func TestProcessesShareADatabaseFile(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	u, _ := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	runProcesses(t, d.URL, u.ID, fmt.Sprintf("toggle %d", task.ID), 3)
	if got, err := d.Task(t.Context(), u.ID, task.ID); err != nil || !got.Completed {
		t.Errorf("after 3 times %d toggles: got completed %t, error %v, want true", toggles, got.Completed, err)
	}
}

func TestAKilledProcessLosesNoAcknowledgedWrite(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			u, _ := signedUp(t, d)
			child, out := startProcess(t, d.URL, u.ID, "create")
			acknowledged := 0
			for acknowledged < 50 && out.Scan() {
				acknowledged++
			}
			if err := child.Kill(); err != nil {
				t.Fatal(err)
			}
			for out.Scan() { // its output before it was killed
				acknowledged++
			}
			var n int
			for task, err := range d.ListTasks(t.Context(), u.ID, tasks.Query{}) {
				if err != nil {
					t.Fatalf("list: %v", err)
				}
				if want := strconv.Itoa(n); task.Title != want {
					t.Fatalf("got task %s, want %s", task.Title, want)
				}
				n++
			}
			// One more may have been written without an acknowledgement.
			if acknowledged < 50 || n < acknowledged || n > acknowledged+1 {
				t.Errorf("acknowledged: %d, found: %d", acknowledged, n)
			}
		})
	}
}

func TestProcessesMigrateAtTheSameMoment(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			databaseURL, _ := v.New(t)
			runProcesses(t, databaseURL, "", "migrate", 3)
			if err := open(t, databaseURL).CheckMigrated(t.Context()); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestAMigrationWaitsForAnotherProcessUntilThatIsGone(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			databaseURL, _ := v.New(t)
			s := open(t, databaseURL)
			child, out := startProcess(t, databaseURL, "", "lock")
			if !out.Scan() || out.Text() != "locked" {
				t.Fatalf("the other process said %q", out.Text())
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if err := s.MigrateUp(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("beside another migration: got error %v, want %v", err, context.DeadlineExceeded)
			}
			wantError(t, "and nothing done", s.CheckMigrated(t.Context()), db.ErrBehind)
			if err := child.Kill(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel = context.WithTimeout(t.Context(), waittest.Patience)
			defer cancel()
			if err := s.MigrateUp(ctx); err != nil {
				t.Errorf("after the other process was killed: %v", err)
			}
		})
	}
}

// TestAKilledMigrationOfTheTasksHasChangedNothing: it is killed after it has built its
// index, while it waits for a reader.
func TestAKilledMigrationOfTheTasksHasChangedNothing(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	u, _ := signedUp(t, d)
	manyTasks(t, d, u.ID, 1000)
	downTo(t, d, 15)
	raw := d.Raw(t)
	reader, err := raw.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec(`SELECT 1 FROM tasks`); err != nil {
		t.Fatal(err)
	}
	child, _ := startProcess(t, d.URL, "", "migrate")
	waiting := func() (n int) {
		t.Helper()
		if err := raw.Get(&n, `SELECT count(*) `+locksHere+` AND relation = 'tasks'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted`); err != nil {
			t.Fatal(err)
		}
		return n
	}
	waittest.Until(t, "the migration waits for the reader", func() bool { return waiting() != 0 })
	if err := child.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	wantError(t, "after the kill", d.CheckMigrated(t.Context()), db.ErrBehind)
	if err := d.MigrateUp(t.Context()); err != nil {
		t.Errorf("once more: %v", err)
	}
	if got := len(listed(t, d, u.ID)); got != 1000 {
		t.Errorf("got %d tasks, want all 1000", got)
	}
}
