package tasks

import (
	"context"
	"iter"
	"strconv"
)

// No statement fetches more than a mebibyte of tasks, however many are requested. A task has
// up to 41 KiB, and it stays in memory until a slow client has read it.
const (
	shortText = 1000 // bytes of a description that is fetched with a page of up to 200
	longRows  = 8    // of any length, in one statement
)

// taskRow is a task in its place.
type taskRow struct {
	Task
	at      Position
	partial bool // there is more of it to fetch
}

var isLong = `description IS NOT NULL AND octet_length(description) > ` + strconv.Itoa(shortText)

// taskRows returns the first limit tasks of q, its search aside, and where to go on.
// Those that cannot be read are left out.
func (s *Store) taskRows(ctx context.Context, userID string, q Query, limit int) (rows []taskRow, next *Position, err error) {
	for {
		rows, next, err = s.readRows(ctx, userID, q, limit)
		if err != nil || next == nil || len(rows) > 0 {
			return rows, next, err
		}
		q.After = next // not one of these can be read
	}
}

func (s *Store) readRows(ctx context.Context, userID string, q Query, limit int) (rows []taskRow, next *Position, err error) {
	statement, args := s.statement(q, userID, rowColumns, nil, limit+1)
	err = s.Call(ctx, "list tasks", func(ctx context.Context) error {
		var r taskRow
		var last Position
		seen := 0
		return s.often.Every(ctx, append(r.fields(), &r.partial, q.keyField(&r.at)), func(readable bool) {
			if seen++; seen > limit {
				next = new(last)
				return
			}
			r.at.ID = r.ID
			if readable {
				rows = append(rows, r)
			}
			// The place of one that cannot be read may be none to show a client.
			if readable || len(rows) == 0 || q.ValidPosition(r.at) {
				last = r.at
			}
		}, statement, args...)
	})
	if err != nil {
		return nil, nil, err
	}
	return rows, next, nil
}

// whole returns the tasks of rows. It fetches missing descriptions a few at a time, just
// before they are needed. Tasks that were deleted meanwhile are left out.
func (s *Store) whole(ctx context.Context, userID string, rows []taskRow) iter.Seq2[Task, error] {
	return func(yield func(Task, error) bool) {
		fetched := map[int64]Task{}
		looked := 0 // in front of this place nothing is left to fetch
		for i, r := range rows {
			t, found := r.Task, true
			if r.partial {
				if i >= looked {
					var ids []int64
					ids, looked = nextPartial(rows, i)
					clear(fetched)
					if err := s.tasksByID(ctx, userID, ids, func(t Task) { fetched[t.ID] = t }); err != nil {
						yield(Task{}, err)
						return
					}
				}
				t, found = fetched[r.ID]
			}
			if found && !yield(t, nil) {
				return
			}
		}
	}
}

// nextPartial are the ids of the rows from here that are fetched next, and where to
// look for more of them.
func nextPartial(rows []taskRow, from int) (ids []int64, end int) {
	for end = from; end < len(rows) && len(ids) < longRows; end++ {
		if rows[end].partial {
			ids = append(ids, rows[end].ID)
		}
	}
	return ids, end
}

// tasksByID fetches up to longRows tasks. Missing tasks are left out.
func (s *Store) tasksByID(ctx context.Context, userID string, ids []int64, row func(Task)) error {
	return s.Call(ctx, "tasks by id", func(ctx context.Context) error {
		var t Task
		return s.often.Each(ctx, t.fields(), func() { row(t) },
			`SELECT `+taskColumns+` FROM tasks WHERE user_id = ? AND id IN (`+marks(longRows)+`)`, idArgs(userID, ids)...)
	})
}

// idArgs are the parameters of a statement with the ids of up to longRows tasks. The
// last is repeated, so that there is one text to be prepared.
func idArgs(userID string, ids []int64) []any {
	args := []any{userID}
	for i := range longRows {
		args = append(args, ids[min(i, len(ids)-1)])
	}
	return args
}
