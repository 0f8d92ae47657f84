package tasks

import (
	"context"
	"iter"

	"vestibule/store/db"
)

// Query says which of a user's tasks, and in which order. The zero Query
// is all of them, ordered by id.
type Query struct {
	Completed  *bool  // nil: either
	Search     string // in title or description, whatever the case and accents; "": anything
	Due        *Due   // nil: due at any time, or never
	By         Order  // ties are ordered by id
	Descending bool
	After      *Position // nil: from the start
	Turn       Turn      // of a search; nil: whenever it likes
}

// Searches reports whether tasks must be looked through, because no index has those that q
// asks for in its order.
func (q Query) Searches() bool { return q.Search != "" || q.looksAtDue() }

// looksAtDue: only the order by date has the dates in its index.
func (q Query) looksAtDue() bool { return q.Due != nil && q.By != ByDue }

// Turn is asked before each statement of a search, which leaves when it has its
// answer: between two of them others have theirs. An error ends the search.
type Turn func(context.Context) (leave func(), err error)

// Order is what tasks are ordered by.
type Order int

// The orders, whose numbers are in cursors. A title's place is decided by its folded code points.
const (
	ByID Order = iota
	ByCreated
	ByUpdated
	ByTitle
	ByPosition
	ByDue // tasks that are due on no date come last, also when Descending
)

// Position is a place in the order of a Query: that of a task which was
// there once. It stays good when that task has gone or changed.
type Position struct {
	Key string // of the order's column; "" for ByID
	ID  int64
}

// listRows is how many tasks of a list are read at once.
const listRows = 200

// ListTasks returns the tasks of the user that q asks for. An error ends the
// sequence; it is ErrSearchTooLong where there is too much to look through.
//
// The rows are fetched page by page, so that a slow reader at the other end
// holds neither a connection nor a snapshot while it reads, and a list takes
// the memory of a page, however long it is. A task that is created or deleted
// meanwhile may be in it or not, and one whose place changes also twice.
func (s *Store) ListTasks(ctx context.Context, userID string, q Query) iter.Seq2[Task, error] {
	if q.Searches() {
		return s.searchAll(ctx, userID, q)
	}
	return func(yield func(Task, error) bool) {
		for {
			rows, next, err := s.taskRows(ctx, userID, q, listRows)
			if err != nil {
				yield(Task{}, err)
				return
			}
			for t, err := range s.whole(ctx, userID, rows) {
				if !yield(t, err) || err != nil {
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

// PageTasks returns up to limit tasks of the user that q asks for, and where to go
// on, or nil when these were the last. It counts nothing and skips nothing, so a
// page costs the same wherever it is, and no task that stays as it is comes twice
// or never while others come and go. A page of a search may have fewer tasks than
// limit, or none, and yet not be the last: it ends where enough was looked through.
//
// Where to go on is known at once. Long texts are fetched while the tasks are read.
func (s *Store) PageTasks(ctx context.Context, userID string, q Query, limit int) (iter.Seq2[Task, error], *Position, error) {
	page := s.taskRows
	if q.Searches() {
		page = s.searchPage
	}
	rows, next, err := page(ctx, userID, q, limit)
	if err != nil {
		return nil, nil, err
	}
	return s.whole(ctx, userID, rows), next, nil
}

// ValidPosition reports whether p can be a place in the order of q. A database
// would fail on one that is not.
func (q Query) ValidPosition(p Position) bool {
	switch q.By {
	case ByID:
		return p.Key == ""
	case ByCreated, ByUpdated:
		t, err := db.ParseTime(p.Key)
		return err == nil && db.FormatTime(t) == p.Key
	default:
		return db.ValidText(p.Key)
	}
}
