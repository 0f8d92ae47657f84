package db_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// TestAMigrationThatLosesADeadlockIsRunAgain: an instance of the previous version locks the
// tables in another order when it creates a task with a key.
func TestAMigrationThatLosesADeadlockIsRunAgain(t *testing.T) {
	t.Parallel()
	direct := withDefault(t, `deadlock_timeout = '2s'`) // for the migration
	d := migratedURL(t, direct, direct)
	u, _ := signedUp(t, d)
	for applied(t, d) > 16 {
		if err := d.MigrateDown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), waittest.Patience)
	defer cancel()
	db, err := sql.Open("postgres", direct)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	request, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = request.Rollback() }()
	do := func(statement string, args ...any) {
		t.Helper()
		if _, err := request.ExecContext(ctx, statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	do(`SET LOCAL deadlock_timeout = '1h'`) // so the migration loses
	do(`LOCK TABLE idempotency IN ROW EXCLUSIVE MODE`)
	done := make(chan error, 1)
	go func() { done <- d.MigrateUp(ctx) }()
	for d.CountRows(t, `SELECT count(*) `+locksHere+` AND relation = 'idempotency'::regclass AND NOT granted`) == 0 {
		if ctx.Err() != nil {
			t.Fatal("the migration does not wait for the request")
		}
		time.Sleep(time.Millisecond)
	}
	do(`INSERT INTO tasks (user_id, title, completed, created_at, updated_at) VALUES ($1, 'x', false, now(), now())`, u.ID)
	if err := request.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("migrate up: %v", err)
	}
	if n := d.CountRows(t, `SELECT tasks FROM task_feed WHERE user_id = ?`, u.ID); n != 1 {
		t.Errorf("got %d tasks counted, want 1", n)
	}
}
