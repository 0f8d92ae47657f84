package tasks

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"vestibule/store/db"
)

// Versions restricts a change to a task that is at one of Only, if that is not nil,
// and at none of Not. A nil *Versions is no restriction.
type Versions struct{ Only, Not []int64 }

// ErrTooManyTasks means that the user has as many tasks as a user may have.
var ErrTooManyTasks = db.NewError("the user has as many tasks as one may have")

// ErrChanged means that a task is there, but at none of the versions that a
// change was meant for, and ErrExcluded, that it is at one that it was not meant for.
var (
	ErrChanged  = db.NewError("changed meanwhile")
	ErrExcluded = db.NewError("at an excluded version")
)

// Check says what a task at this version is refused with, or nil.
func (v *Versions) Check(version int64) error {
	switch {
	case v == nil:
	case v.Only != nil && !slices.Contains(v.Only, version):
		return ErrChanged
	case slices.Contains(v.Not, version):
		return ErrExcluded
	}
	return nil
}

// Task returns one of the user's tasks.
func (s *Store) Task(ctx context.Context, userID string, id int64) (t Task, err error) {
	err = s.Call(ctx, "task", func(ctx context.Context) error {
		return s.often.One(ctx, t.fields(),
			`SELECT `+taskColumns+` FROM tasks WHERE user_id = ? AND id = ?`+notDeleted, userID, id, userID)
	})
	return orZero(t, err)
}

// CreateTask adds a task and returns it with its id. It returns db.ErrNoUser when
// the user does not exist.
func (s *Store) CreateTask(ctx context.Context, t Task) (Task, error) {
	var made Task
	err := s.Tx(ctx, "create task", func(tx *Tx) (err error) {
		made, err = tx.CreateTask(t)
		return err
	})
	return orZero(made, err)
}

// CreateTask adds a task and returns it with its id.
func (tx *Tx) CreateTask(t Task) (made Task, err error) {
	names, values := t.inserted()
	err = tx.q.One(tx.ctx, made.fields(), `INSERT INTO tasks (`+strings.Join(names, ", ")+`)
		VALUES (`+marks(len(names))+`) RETURNING `+taskColumns, values...)
	if err != nil {
		return Task{}, err
	}
	return made, tx.s.addTaskEvent(tx.ctx, tx.q, Created, made, t.CreatedAt)
}

// UpdateTask changes one of the user's tasks and returns it as it is now.
func (s *Store) UpdateTask(ctx context.Context, userID string, id int64, c Change, only *Versions, now time.Time) (Task, error) {
	names, values := c.changed()
	var set []string
	for _, name := range names {
		set = append(set, name+` = ?`)
	}
	return s.changeTask(ctx, "update task", userID, id, only, now, set, values...)
}

// ToggleTask inverts Completed of one of the user's tasks and returns it.
func (s *Store) ToggleTask(ctx context.Context, userID string, id int64, only *Versions, now time.Time) (Task, error) {
	return s.changeTask(ctx, "toggle task", userID, id, only, now, []string{`completed = NOT completed`})
}

// changeTask runs an UPDATE with these assignments.
func (s *Store) changeTask(ctx context.Context, what, userID string, id int64, only *Versions, now time.Time, set []string, args ...any) (Task, error) {
	var t Task
	where, whereArgs := taskAt(userID, id, only)
	set = append(set, `updated_at = ?`, `version = version + 1`)
	args = slices.Concat(args, []any{now}, whereArgs)
	err := s.DB.Tx(ctx, what, func(ctx context.Context, q db.Querier) error {
		err := q.One(ctx, t.fields(), `UPDATE tasks SET `+strings.Join(set, ", ")+` WHERE `+where+` RETURNING `+taskColumns, args...)
		if err != nil {
			return whyNoTask(ctx, q, userID, id, only, err)
		}
		return s.addTaskEvent(ctx, q, Updated, t, now)
	})
	return orZero(t, err)
}

// DeleteTask deletes one of the user's tasks.
func (s *Store) DeleteTask(ctx context.Context, userID string, id int64, only *Versions, now time.Time) error {
	where, args := taskAt(userID, id, only)
	return s.DB.Tx(ctx, "delete task", func(ctx context.Context, q db.Querier) error {
		var t Task
		err := q.One(ctx, t.fields(), `DELETE FROM tasks WHERE `+where+` RETURNING `+taskColumns, append([]any{}, args...)...)
		if err != nil {
			return whyNoTask(ctx, q, userID, id, only, err)
		}
		return s.addTaskEvent(ctx, q, Deleted, t, now)
	})
}

// taskAt is the condition for a task at one of these versions. It is part of the
// statement that changes the task: two writers that have read the same version
// cannot both succeed.
func taskAt(userID string, id int64, only *Versions) (where string, args []any) {
	where, args = `user_id = ? AND id = ?`+notDeleted, []any{userID, id, userID}
	if only == nil {
		return where, args
	}
	switch {
	case only.Only == nil:
	case len(only.Only) == 0:
		return where + ` AND 1 = 0`, args
	default:
		where += ` AND version IN (` + marks(len(only.Only)) + `)`
	}
	if len(only.Not) > 0 {
		where += ` AND version NOT IN (` + marks(len(only.Not)) + `)`
	}
	for _, v := range slices.Concat(only.Only, only.Not) {
		args = append(args, v)
	}
	return where, args
}

// marks are the placeholders of a list of n.
func marks(n int) string {
	return strings.TrimPrefix(strings.Repeat(", ?", n), ", ")
}

// whyNoTask tells db.ErrNotFound from the errors of only, after no row was changed.
func whyNoTask(ctx context.Context, q db.Querier, userID string, id int64, only *Versions, err error) error {
	if only == nil || !errors.Is(err, db.ErrNotFound) {
		return err
	}
	var version int64
	if err := q.One(ctx, []any{&version}, `SELECT version FROM tasks WHERE user_id = ? AND id = ?`+notDeleted, userID, id, userID); err != nil {
		return err
	}
	return cmp.Or(only.Check(version), ErrChanged)
}

// orZero keeps a row that was read before its commit failed from being returned.
func orZero(t Task, err error) (Task, error) {
	if err != nil {
		return Task{}, err
	}
	return t, nil
}
