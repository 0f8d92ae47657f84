package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"vestibule/internal/waittest"
	"vestibule/store"
	"vestibule/store/db"
)

// TestAUserWhoIsDeletedInSQLLeavesNothing, with any search_path, and beside another
// program's table of the same name.
func TestAUserWhoIsDeletedInSQLLeavesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := rich(t, d, 3)
		rich(t, d, 3)
		by, users := d, `"user"`
		if d.Engine() == "postgres" {
			d.Exec(t, `CREATE SCHEMA other`)
			d.Exec(t, `CREATE TABLE other.deleted_user (user_id text PRIMARY KEY)`)
			by, users = &database{Direct: with(t, d.Direct, "search_path", "other")}, `public."user"`
		}
		by.Exec(t, `DELETE FROM `+users+` WHERE id = ?`, u.ID)
		if got := deleteRemains(t, d); got != 9 {
			t.Errorf("got %d rows deleted, want 9", got)
		}
		if n := remaining(t, d, u.ID); n != 0 {
			t.Errorf("got %d rows left", n)
		}
	})
}

// TestCreatingDuringADeletionLeavesNothing creates tasks at two instances, which also
// delete remaining rows at the same time.
func TestCreatingDuringADeletionLeavesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		instances := []*database{d, open(t, d.URL)}
		for range 3 {
			u, _ := signedUp(t, d)
			var creating, first sync.WaitGroup
			for n, s := range instances {
				first.Add(2)
				creating.Go(func() {
					createUntilGone(t, &first, func(int) error { _, err := s.CreateTask(t.Context(), newTask(u.ID)); return err })
				})
				creating.Go(func() {
					createUntilGone(t, &first, func(i int) error {
						_, _, err := s.CreateTaskOnce(t.Context(), newTask(u.ID), newOnce(fmt.Sprintf("key %d %d", n, i)))
						return err
					})
				})
			}
			first.Wait()
			if _, err := ending(t.Context(), instances[1], func(tx *store.Tx) error { return tx.DeleteUser(u.ID, event(store.EventUserDeleted)) }); err != nil {
				t.Fatal(err)
			}
			var deleting sync.WaitGroup
			for _, s := range instances {
				deleting.Go(func() {
					for done := false; !done; {
						r, err := s.DeleteRemains(t.Context(), u.ID)
						if err != nil {
							t.Error(err)
							return
						}
						done = r.Done
					}
				})
			}
			deleting.Wait()
			creating.Wait()
			if n := remaining(t, d, u.ID); n != 0 {
				t.Fatalf("got %d rows left", n)
			}
		}
	})
}

// createUntilGone creates tasks until the user is gone. It calls first after the first
// task.
func createUntilGone(t *testing.T, first *sync.WaitGroup, create func(i int) error) {
	for i := 0; ; i++ {
		err := create(i)
		if i == 0 {
			first.Done()
		}
		if errors.Is(err, db.ErrNoUser) {
			return
		}
		if err != nil {
			t.Errorf("create: %v", err)
			return
		}
	}
}

// TestAChangeThatMeetsAnEventOfADeletedUser: the deletion came while the change waited for it, and
// the remains are deleted later. The change must say that there is no user.
func TestAChangeThatMeetsAnEventOfADeletedUser(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	u, _ := signedUp(t, d)
	raw := d.Raw(t)
	deletion, err := raw.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = deletion.Rollback() }()
	exec := func(query string) {
		t.Helper()
		if _, err := deletion.Exec(query, u.ID); err != nil {
			t.Fatal(err)
		}
	}
	exec(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`)
	done := make(chan error, 1)
	go func() { _, err := d.CreateTask(t.Context(), newTask(u.ID)); done <- err }()
	waittest.Until(t, "the creation waits", func() bool {
		var waiting int
		if err := raw.Get(&waiting, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`); err != nil {
			t.Fatal(err)
		}
		return waiting == 1
	})
	exec(`INSERT INTO task_event (user_id, seq, kind, at, bytes_to, task) VALUES ($1, 1, 'created', now(), 2, '{}')`)
	exec(`DELETE FROM "user" WHERE id = $1`)
	if err := deletion.Commit(); err != nil {
		t.Fatal(err)
	}
	wantError(t, "the creation", <-done, db.ErrNoUser)
}

// TestALeavingClientKeepsNoEvents: the bound on the events of a user holds for clients that
// leave as soon as their change is made.
func TestALeavingClientKeepsNoEvents(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		u, _ := signedUp(t, d)
		created(t, d, newTask(u.ID))
		ctx, leave := context.WithCancel(t.Context())
		leave()
		d.ShortenHistory(ctx, u.ID, 1100)
		if n := d.CountRows(t, `SELECT count(*) FROM task_event WHERE user_id = ?`, u.ID); n != 0 {
			t.Errorf("got %d events left, want none of those before 101", n)
		}
	})
}
