package db_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"vestibule/store/db"
)

// TestASingleStatementThatFailsAtItsCommitIsRefused: its row has been sent before.
func TestASingleStatementThatFailsAtItsCommitIsRefused(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	u, _ := signedUp(t, d)
	d.Exec(t, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$`)
	d.Exec(t, `CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON task_event DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`)
	if made, err := d.CreateTask(t.Context(), newTask(u.ID)); err == nil {
		t.Errorf("got task %d, want an error", made.ID)
	}
	if n := d.TasksOf(t, u.ID); n != 0 {
		t.Errorf("got %d tasks, want none", n)
	}
}

// leaver leaves when it has got its value.
type leaver struct{ leave func() }

// Scan implements sql.Scanner.
func (l leaver) Scan(any) error {
	l.leave()
	time.Sleep(50 * time.Millisecond) // database/sql closes the rows meanwhile
	return nil
}

// TestACallerWhoLeavesBeforeTheCommitIsKnownIsNotTold that all is well.
func TestACallerWhoLeavesBeforeTheCommitIsKnownIsNotTold(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	u, _ := signedUp(t, d)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	err := d.Single(ctx, "rename", func(ctx context.Context, q db.Querier) error {
		return q.One(ctx, []any{leaver{leave}}, `UPDATE "user" SET name = ? WHERE id = ? RETURNING name`, "new", u.ID)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that of the context", err)
	}
}

func TestASecondStatementNeedsATransaction(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	u, _ := signedUp(t, d)
	const statement = `UPDATE "user" SET name = ? WHERE id = ?`
	err := d.Single(t.Context(), "two statements", func(ctx context.Context, q db.Querier) error {
		if _, err := q.Exec(ctx, statement, "first", u.ID); err != nil {
			return err
		}
		_, err := q.Exec(ctx, statement, "second", u.ID)
		return err
	})
	if !errors.Is(err, db.ErrNotSingle) {
		t.Errorf("got error %v, want %v", err, db.ErrNotSingle)
	}
}
