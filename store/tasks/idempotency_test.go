package tasks_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"vestibule/store/db"
	"vestibule/store/tasks"
)

func onceCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a request that is sent again adds nothing":   onceCase,
		"many requests with one key add one task":     onceRaceCase,
		"a key is in progress while its request runs": inProgressCase,
		"an answer is neither kept nor given half":    onceFailureCase,
		"answers expire": onceExpiryCase,
		"keys belong to their caller and the task's user": onceOwnerCase,
	}
}

func onceCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	once := newOnce("k")
	first, replayed, err := d.CreateTaskOnce(t.Context(), newTask(u.ID), once)
	if err != nil || replayed || first == "" {
		t.Fatalf("first: got %q, replayed %t, error %v", first, replayed, err)
	}
	again, replayed, err := d.CreateTaskOnce(t.Context(), newTask(u.ID), once)
	if err != nil || !replayed || again != first {
		t.Errorf("again: got %q, replayed %t, error %v; want %q", again, replayed, err, first)
	}
	once.Fingerprint = "b"
	_, _, err = d.CreateTaskOnce(t.Context(), newTask(u.ID), once)
	wantError(t, "another request", err, tasks.ErrKeyReused)
	if n := d.TasksOf(t, u.ID); n != 1 {
		t.Errorf("got %d tasks, want 1", n)
	}
}

func onceRaceCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, _, err := d.CreateTaskOnce(t.Context(), newTask(u.ID), newOnce("race"))
			if err != nil && !errors.Is(err, tasks.ErrInProgress) {
				t.Errorf("create: %v", err)
			}
		})
	}
	wg.Wait()
	if n := d.TasksOf(t, u.ID); n != 1 {
		t.Errorf("got %d tasks, want 1", n)
	}
}

// inProgressCase has a transaction of another instance that does not continue.
func inProgressCase(t *testing.T, d *database) {
	if d.Engine() == "sqlite" {
		return // SQLite has one writer at a time: the second waits for the first
	}
	u, _ := signedUp(t, d)
	raw := d.Raw(t)
	tx, err := raw.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(raw.Rebind(`INSERT INTO idempotency (caller, user_id, key, fingerprint, answer, expires_at)
		VALUES ('usr_caller', ?, 'slow', 'a', 'task 7', ?)`), u.ID, base().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	_, _, err = d.CreateTaskOnce(t.Context(), newTask(u.ID), newOnce("slow"))
	wantError(t, "while it runs", err, tasks.ErrInProgress)
	if errors.Is(err, db.ErrUnavailable) {
		t.Errorf("got %v, which is also %v", err, db.ErrUnavailable)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if got, replayed, err := d.CreateTaskOnce(t.Context(), newTask(u.ID), newOnce("slow")); got != "task 7" || !replayed || err != nil {
		t.Errorf("afterwards: got %q, replayed %t, error %v; want its answer", got, replayed, err)
	}
}

func onceFailureCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	once := newOnce("fails")
	failure := errors.New("no answer")
	once.UserID = u.ID
	err := d.Tasks.Tx(t.Context(), "create task once", func(tx *tasks.Tx) error {
		if _, claimed, err := tx.ClaimKey(once); err != nil || !claimed {
			t.Errorf("got claimed %t, %v", claimed, err)
		}
		if _, err := tx.CreateTask(newTask(u.ID)); err != nil {
			t.Error(err)
		}
		return failure
	})
	wantError(t, "without an answer", err, failure)
	if n := d.TasksOf(t, u.ID); n != 0 {
		t.Errorf("got %d tasks, want none", n)
	}
	if _, replayed, err := d.CreateTaskOnce(t.Context(), newTask(u.ID), newOnce("fails")); err != nil || replayed {
		t.Errorf("once more: replayed %t, error %v; want it to run", replayed, err)
	}
	_, _, err = d.CreateTaskOnce(t.Context(), newTask(newUser().ID), newOnce("nobody"))
	wantError(t, "for nobody", err, db.ErrNoUser)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = d.CreateTaskOnce(ctx, newTask(u.ID), newOnce("left"))
	wantError(t, "cancelled", err, context.Canceled)
}

func onceExpiryCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	if _, _, err := d.CreateTaskOnce(t.Context(), newTask(u.ID), newOnce("old")); err != nil {
		t.Fatal(err)
	}
	later := newOnce("old")
	later.Now, later.Expires = later.Expires, later.Expires.Add(time.Hour)
	later.Fingerprint = "b"
	if _, replayed, err := d.CreateTaskOnce(t.Context(), newTask(u.ID), later); err != nil || replayed {
		t.Errorf("after an hour: replayed %t, error %v; want it to run", replayed, err)
	}
	for {
		n, err := d.DeleteExpiredAnswers(t.Context(), later.Expires, 10)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	if n := d.CountRows(t, `SELECT count(*) FROM idempotency WHERE user_id = ?`, u.ID); n != 0 {
		t.Errorf("got %d answers that have expired, want none", n)
	}
}

func onceOwnerCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	other, _ := signedUp(t, d)
	mine := newOnce("same")
	theirs := mine
	theirs.Caller = "svc_x"
	for _, request := range []struct {
		user string
		once tasks.Once
	}{{u.ID, mine}, {u.ID, theirs}, {other.ID, mine}} {
		if _, replayed, err := d.CreateTaskOnce(t.Context(), newTask(request.user), request.once); err != nil || replayed {
			t.Errorf("%s for %s: replayed %t, error %v; want it to run", request.once.Caller, request.user, replayed, err)
		}
	}
}
