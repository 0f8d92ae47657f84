package tasks

import (
	"context"
	"database/sql"

	"vestibule/store/db"
)

// Internals for the tests outside the package.

const (
	MaxKept          = maxKept
	MaxKeptBytes     = maxKeptBytes
	TaskHistoryBytes = taskHistoryBytes
)

// Statement is a statement that the store has sent to the database.
type Statement struct {
	Text string // with ? for parameters
	Args []any
}

// RecordReads calls f with each statement that goes through the handle for frequent reads.
func (s *Store) RecordReads(f func(Statement)) {
	s.often = db.Querier{Handle: recorder{s.often.Handle, f}}
}

// recorder keeps the texts from before Rebind.
type recorder struct {
	db.Handle
	f func(Statement)
}

func (r recorder) Rebind(query string) string { return query }

func (r recorder) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	r.f(Statement{query, args})
	return r.Handle.QueryContext(ctx, r.Handle.Rebind(query), args...)
}

// ShortenHistory deletes old events as after the change with this number.
func (s *Store) ShortenHistory(ctx context.Context, userID string, seq int64) {
	s.shortenHistory(ctx, userID, feed{seq: seq})
}

// SetSearch sets how many tasks a search reads for a page and for a list.
func (s *Store) SetSearch(page, list int) {
	s.pageWork.tasks, s.listWork.tasks = page, list
}

// SetSearchBytes sets how many bytes of text a search reads for a page and for a list.
func (s *Store) SetSearchBytes(page, list int) {
	s.pageWork.bytes, s.listWork.bytes = page, list
}

// The bounds of a statement.
const (
	LongRows    = longRows
	SearchRows  = searchRows
	SearchBytes = searchBytes
)
