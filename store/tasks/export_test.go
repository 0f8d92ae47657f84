package tasks

import (
	"context"
	"database/sql"

	"vestibule/store/db"
)

// What the tests look at from outside the package.

const (
	MaxKept          = maxKept
	MaxKeptBytes     = maxKeptBytes
	TaskHistoryBytes = taskHistoryBytes
)

// Statement is what the store has asked the database.
type Statement struct {
	Text string // with ? for parameters
	Args []any
}

// RecordReads passes what is asked through the handle for frequent reads to f.
func (s *Store) RecordReads(f func(Statement)) {
	s.often = db.Querier{Handle: recorder{s.often.Handle, f}}
}

// recorder keeps the texts as they were before Rebind.
type recorder struct {
	db.Handle
	f func(Statement)
}

func (r recorder) Rebind(query string) string { return query }

func (r recorder) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	r.f(Statement{query, args})
	return r.Handle.QueryContext(ctx, r.Handle.Rebind(query), args...)
}

// SetSearch sets how many tasks are looked through for a page and for a list.
func (s *Store) SetSearch(page, list int) {
	s.pageWork.tasks, s.listWork.tasks = page, list
}

// SetSearchBytes does so by the bytes of their texts.
func (s *Store) SetSearchBytes(page, list int) {
	s.pageWork.bytes, s.listWork.bytes = page, list
}

// What bounds a statement.
const (
	LongRows    = longRows
	SearchRows  = searchRows
	SearchBytes = searchBytes
)
