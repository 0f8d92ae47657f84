package tasks

import (
	"context"

	"vestibule/store/db"
)

// Tx is a transaction on tasks. Its methods are small verbs that callers put together:
// all that they write is there after the commit, or none of it.
type Tx struct {
	ctx context.Context
	q   db.Querier
	s   *Store
}

// Tx runs f in a transaction, which commits if f returns nil. what says in errors what was
// tried. f may run more than once, see db.DB.Tx: it sets what it hands out each time.
func (s *Store) Tx(ctx context.Context, what string, f func(*Tx) error) error {
	return s.DB.Tx(ctx, what, func(ctx context.Context, q db.Querier) error { return f(&Tx{ctx, q, s}) })
}
