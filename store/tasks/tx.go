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

	changed []userFeed // by its changes
}

type userFeed struct {
	user string
	feed
}

// Tx runs f in a transaction, which commits if f returns nil. what says in errors what was
// tried. f may run more than once, see db.DB.Tx: it sets what it hands out each time.
func (s *Store) Tx(ctx context.Context, what string, f func(*Tx) error) error {
	var tx *Tx
	err := s.DB.Tx(ctx, what, func(ctx context.Context, q db.Querier) error {
		tx = &Tx{ctx: ctx, q: q, s: s}
		return f(tx)
	})
	if err != nil {
		return err
	}
	for _, c := range tx.changed {
		s.shortenHistory(ctx, c.user, c.feed)
	}
	return nil
}
