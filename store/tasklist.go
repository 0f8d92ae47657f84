package store

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"
)

// TaskQuery says which of a user's tasks, and in which order. The zero TaskQuery
// is all of them, ordered by id.
type TaskQuery struct {
	Completed  *bool     // nil: either
	Search     string    // in title or description, whatever the case; "": anything
	By         TaskOrder // ties are ordered by id
	Descending bool
	After      *TaskPosition // nil: from the start
}

// TaskOrder is what tasks are ordered by.
type TaskOrder int

// The orders. A title's place is decided by its folded code points.
const (
	ByID TaskOrder = iota
	ByCreated
	ByUpdated
	ByTitle
)

// TaskPosition is a place in the order of a TaskQuery: that of a task which was
// there once. It stays good when that task has gone or changed.
type TaskPosition struct {
	Key string // of the order's column; "" for ByID
	ID  int64
}

// taskKeys are the columns of the orders. Each has an index behind user_id, and
// behind user_id and completed.
var taskKeys = [...]string{ByID: "", ByCreated: "created_at", ByUpdated: "updated_at", ByTitle: "title_key"}

// ListTasks returns the tasks of the user that q asks for. An error ends the
// sequence.
//
// The rows are fetched page by page, so that a slow reader at the other end
// holds neither a connection nor a snapshot while it reads, and a list takes
// the memory of a page, however long it is. A task that is created or deleted
// meanwhile may be in it or not, and one whose place changes also twice.
func (s *Store) ListTasks(ctx context.Context, userID string, q TaskQuery) iter.Seq2[Task, error] {
	const page = 50 // rows of up to 41 KiB, for each reader that stands still
	return func(yield func(Task, error) bool) {
		for {
			tasks, next, err := s.TaskPage(ctx, userID, q, page)
			if err != nil {
				yield(Task{}, err)
				return
			}
			for _, t := range tasks {
				if !yield(t, nil) {
					return
				}
			}
			if next == nil {
				return
			}
			q.After = next
		}
	}
}

// TaskPage returns up to limit tasks of the user that q asks for, and where to go
// on, or nil when these were the last. It counts nothing and skips nothing, so a
// page costs the same wherever it is, and no task that stays as it is comes twice
// or never while others come and go. Tasks that cannot be read are left out.
func (s *Store) TaskPage(ctx context.Context, userID string, q TaskQuery, limit int) (tasks []Task, next *TaskPosition, err error) {
	for {
		tasks, next, err = s.taskPage(ctx, userID, q, limit)
		if err != nil || next == nil || len(tasks) > 0 {
			return tasks, next, err
		}
		q.After = next // not one of these could be read
	}
}

func (s *Store) taskPage(ctx context.Context, userID string, q TaskQuery, limit int) (tasks []Task, next *TaskPosition, err error) {
	statement, args := s.pageStatement(q, userID, limit+1)
	err = s.call(ctx, "list tasks", func(ctx context.Context) error {
		var t Task
		var at, last TaskPosition
		key := q.keyField(&at)
		dest := t.fields()
		if key != nil {
			dest = append(dest, key)
		}
		seen := 0
		return querier{s.often}.every(ctx, dest, func(readable bool) {
			if seen++; seen > limit {
				next = new(last)
				return
			}
			at.ID = t.ID
			if readable {
				tasks = append(tasks, t)
			}
			// The place of one that cannot be read may be none to show a client.
			if readable || len(tasks) == 0 || q.ValidPosition(at) {
				last = at
			}
		}, statement, args...)
	})
	if err != nil {
		return nil, nil, err
	}
	return tasks, next, nil
}

// pageStatement is one of a few dozen texts.
func (s *Store) pageStatement(q TaskQuery, userID string, limit int) (string, []any) {
	var b strings.Builder
	key := taskKeys[q.By]
	b.WriteString(`SELECT ` + taskColumns)
	if key != "" {
		b.WriteString(`, ` + key)
	}
	b.WriteString(` FROM tasks WHERE user_id = ?` + notDeleted)
	args := []any{userID, userID}
	if q.Completed != nil {
		b.WriteString(` AND completed = ?`)
		args = append(args, *q.Completed)
	}
	if q.Search != "" {
		// Not LIKE, which starts anew at each character: where a few hundred long
		// texts repeat one letter, a search for 254 of it and another takes seconds.
		find := s.engine.findSQL
		b.WriteString(` AND (` + find("title_fold") + ` OR ` + find("description_fold") + `)`)
		text := fold(q.Search)
		args = append(args, text, text)
	}
	comparison, direction := ` > `, ``
	if q.Descending {
		comparison, direction = ` < `, ` DESC`
	}
	order := `id` + direction
	if key != "" {
		order = key + direction + `, ` + order
	}
	switch {
	case q.After == nil:
	case key == "":
		b.WriteString(` AND id` + comparison + `?`)
		args = append(args, q.After.ID)
	default:
		b.WriteString(` AND (` + key + `, id)` + comparison + `(?, ?)`)
		args = append(args, q.After.Key, q.After.ID)
	}
	b.WriteString(` ORDER BY ` + order + ` LIMIT ?`)
	return b.String(), append(args, limit)
}

// keyField is where the order's column is scanned to, nil for ByID.
func (q TaskQuery) keyField(at *TaskPosition) any {
	switch q.By {
	case ByID:
		return nil
	case ByTitle:
		return &at.Key
	default:
		return instantText{&at.Key}
	}
}

// instantText is the destination of a time that is kept as text.
type instantText struct{ to *string }

// Scan implements sql.Scanner.
func (i instantText) Scan(value any) error {
	t, err := parse(value)
	if err == nil {
		*i.to = format(t)
	} else {
		*i.to = fmt.Sprintf("%s", value) // still a place in the order
	}
	return err
}

// ValidPosition reports whether p can be a place in the order of q. A database
// would fail on one that is not.
func (q TaskQuery) ValidPosition(p TaskPosition) bool {
	switch q.By {
	case ByID:
		return p.Key == ""
	case ByCreated, ByUpdated:
		t, err := time.Parse(timeLayout, p.Key)
		return err == nil && format(t) == p.Key
	default:
		return validText(p.Key)
	}
}
