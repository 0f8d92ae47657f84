package store

import (
	"context"
	"iter"
	"time"
)

// Task is something to do. Every statement on tasks has the user in its
// condition: another user's task does not exist.
type Task struct {
	ID          int64 // given by the database, never used again
	UserID      string
	Title       string
	Description *string
	Completed   bool
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// TaskChange says what to change about a task; what is nil keeps its value.
type TaskChange struct {
	Title       *string
	Description **string // a pointer to nil clears it
	Completed   *bool
}

const taskColumns = `id, user_id, title, description, completed, created_at, updated_at`

func (t *Task) fields() []any {
	return []any{&t.ID, &t.UserID, &t.Title, &t.Description, &t.Completed, instant{&t.CreatedAt}, instant{&t.UpdatedAt}}
}

// ListTasks returns all tasks of the user, ordered by id. An error ends the
// sequence.
//
// The rows are fetched page by page, so that a slow reader at the other end
// holds neither a connection nor a snapshot while it reads, and a list takes
// the memory of a page, however long it is. A task that is created or deleted
// meanwhile may be in it or not; none is in it twice.
func (s *Store) ListTasks(ctx context.Context, userID string) iter.Seq2[Task, error] {
	const page = 50 // rows of up to 41 KiB, for each reader that stands still
	return func(yield func(Task, error) bool) {
		var after int64
		for {
			tasks, err := s.tasksAfter(ctx, userID, after, page)
			if err != nil {
				yield(Task{}, err)
				return
			}
			for _, t := range tasks {
				if !yield(t, nil) {
					return
				}
			}
			if len(tasks) < page {
				return
			}
			after = tasks[page-1].ID
		}
	}
}

func (s *Store) tasksAfter(ctx context.Context, userID string, after int64, limit int) (tasks []Task, err error) {
	err = s.call(ctx, "list tasks", func(ctx context.Context) error {
		var t Task
		return querier{s.often}.each(ctx, t.fields(), func() { tasks = append(tasks, t) },
			`SELECT `+taskColumns+` FROM tasks WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?`, userID, after, limit)
	})
	return tasks, err
}

// Task returns one of the user's tasks.
func (s *Store) Task(ctx context.Context, userID string, id int64) (t Task, err error) {
	err = s.call(ctx, "task", func(ctx context.Context) error {
		return querier{s.often}.one(ctx, t.fields(),
			`SELECT `+taskColumns+` FROM tasks WHERE user_id = ? AND id = ?`, userID, id)
	})
	return orZero(t, err)
}

// CreateTask adds a task and returns it with its id. It returns ErrNoUser when
// the user does not exist.
func (s *Store) CreateTask(ctx context.Context, t Task) (Task, error) {
	return s.writeTask(ctx, "create task", `INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?) RETURNING `+taskColumns,
		t.UserID, t.Title, t.Description, t.Completed, t.CreatedAt, t.UpdatedAt)
}

// UpdateTask changes one of the user's tasks and returns it as it is now.
func (s *Store) UpdateTask(ctx context.Context, userID string, id int64, c TaskChange, now time.Time) (Task, error) {
	var description *string
	if c.Description != nil {
		description = *c.Description
	}
	return s.writeTask(ctx, "update task", `UPDATE tasks SET
			title = COALESCE(?, title),
			description = CASE WHEN ? THEN ? ELSE description END,
			completed = COALESCE(?, completed),
			updated_at = ?
		WHERE user_id = ? AND id = ? RETURNING `+taskColumns,
		c.Title, c.Description != nil, description, c.Completed, now, userID, id)
}

// ToggleTask inverts Completed of one of the user's tasks and returns it.
func (s *Store) ToggleTask(ctx context.Context, userID string, id int64, now time.Time) (Task, error) {
	return s.writeTask(ctx, "toggle task", `UPDATE tasks SET completed = NOT completed, updated_at = ?
		WHERE user_id = ? AND id = ? RETURNING `+taskColumns, now, userID, id)
}

// DeleteTask deletes one of the user's tasks.
func (s *Store) DeleteTask(ctx context.Context, userID string, id int64) error {
	return s.tx(ctx, "delete task", func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `DELETE FROM tasks WHERE user_id = ? AND id = ?`, userID, id)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
}

// writeTask runs a statement that changes one task and returns it.
func (s *Store) writeTask(ctx context.Context, what, statement string, args ...any) (t Task, err error) {
	err = s.tx(ctx, what, func(ctx context.Context, q querier) error {
		return q.one(ctx, t.fields(), statement, args...)
	})
	return orZero(t, err)
}

// orZero keeps a row that was read before its commit failed from being returned.
func orZero(t Task, err error) (Task, error) {
	if err != nil {
		return Task{}, err
	}
	return t, nil
}
