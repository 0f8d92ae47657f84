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
	if err != nil {
		return Task{}, err
	}
	return t, nil
}

// CreateTask adds a task and returns it with its id. It returns db.ErrNoUser when
// the user does not exist.
func (s *Store) CreateTask(ctx context.Context, t Task) (Task, error) {
	made, err := s.change(ctx, "create task", s.creation(t))
	return made, tooMany(err)
}

// CreateTask adds a task and returns it with its id.
func (tx *Tx) CreateTask(t Task) (Task, error) {
	made, f, err := tx.s.write(tx.ctx, tx.q, tx.s.creation(t))
	if err != nil {
		return Task{}, tooMany(err)
	}
	tx.changed = append(tx.changed, userFeed{t.UserID, f})
	return made, nil
}

// creation adds no task when the user has as many as one may have.
func (s *Store) creation(t Task) change {
	if t.Position == "" {
		t.Position = FirstPosition(t.CreatedAt)
	}
	names, values := t.inserted()
	into := `INSERT INTO tasks (` + strings.Join(names, ", ") + `) `
	if s.TasksPerUser == 0 {
		return change{Created, t.CreatedAt, into + `VALUES (` + marks(len(names)) + `)`, values, true}
	}
	return change{Created, t.CreatedAt, into + `SELECT ` + marks(len(names)) + ` WHERE NOT EXISTS (SELECT 1 FROM task_feed WHERE user_id = ? AND tasks >= ?)`,
		append(values, t.UserID, s.TasksPerUser), true}
}

// tooMany says why a creation has met no task.
func tooMany(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return ErrTooManyTasks
	}
	return err
}

// UpdateTask changes one of the user's tasks and returns it as it is now.
func (s *Store) UpdateTask(ctx context.Context, userID string, id int64, c Change, only *Versions, now time.Time) (Task, error) {
	if c.Position != nil && *c.Position == "" {
		t, err := s.Task(ctx, userID, id)
		if err != nil {
			return Task{}, err
		}
		c.Position = new(FirstPosition(t.CreatedAt)) // which never changes
	}
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
	where, whereArgs := taskAt(userID, id, only)
	set = append(set, `updated_at = ?`, `version = version + 1`, `folded = folded + 1`)
	t, err := s.change(ctx, what, change{Updated, now, `UPDATE tasks SET ` + strings.Join(set, ", ") + ` WHERE ` + where, slices.Concat(args, []any{now}, whereArgs), only == nil})
	return t, s.whyNoTask(ctx, userID, id, only, err)
}

// DeleteTask deletes one of the user's tasks.
func (s *Store) DeleteTask(ctx context.Context, userID string, id int64, only *Versions, now time.Time) error {
	where, args := taskAt(userID, id, only)
	_, err := s.change(ctx, "delete task", change{Deleted, now, `DELETE FROM tasks WHERE ` + where, args, only == nil})
	return s.whyNoTask(ctx, userID, id, only, err)
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
func (s *Store) whyNoTask(ctx context.Context, userID string, id int64, only *Versions, err error) error {
	if only == nil || !errors.Is(err, db.ErrNotFound) {
		return err
	}
	t, err := s.Task(ctx, userID, id)
	if err != nil {
		return err
	}
	return cmp.Or(only.Check(t.Version), ErrChanged)
}
