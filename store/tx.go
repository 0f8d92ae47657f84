package store

import (
	"context"

	"vestibule/store/db"
)

// Tx is a transaction on users, sessions, mail, audit trail, keys and clients. Its
// methods are small verbs that callers put together: all that they write is there after
// the commit, or none of it. A precondition is a verb that returns an error, and keeps
// what it has checked as it is until the commit. A verb that is given an Event records
// it, unless its name begins with Require.
type Tx struct {
	ctx context.Context
	q   db.Querier

	holdSQL string // see db.Dialect
	ended   []string
	mailed  bool
}

// Tx runs f in a transaction, which commits if f returns nil. what says in errors what was
// tried. All of it takes no longer than five seconds, so f waits for nothing but the
// database.
//
// f may run more than once, each time from the start with another Tx: PostgreSQL ends a
// transaction that it cannot put in order with others. So f sets what it hands out each
// time it runs, and does nothing else that stays.
func (s *Store) Tx(ctx context.Context, what string, f func(*Tx) error) error {
	return s.DB.Tx(ctx, what, func(ctx context.Context, q db.Querier) error {
		return f(&Tx{ctx: ctx, q: q, holdSQL: s.Dialect().HoldSQL})
	})
}

// Ended returns the token hashes of the sessions that the transaction has ended. After
// the commit, what the process still does for them must end too.
func (tx *Tx) Ended() []string { return tx.ended }

// Mailed reports whether the transaction has queued a mail.
func (tx *Tx) Mailed() bool { return tx.mailed }

func (tx *Tx) exec(query string, args ...any) (int64, error) {
	return tx.q.Exec(tx.ctx, query, args...)
}

func (tx *Tx) one(dest []any, query string, args ...any) error {
	return tx.q.One(tx.ctx, dest, query, args...)
}

func (tx *Tx) each(dest []any, row func(), query string, args ...any) error {
	return tx.q.Each(tx.ctx, dest, row, query, args...)
}

// change is exec for a statement without which the rest must not happen: it returns
// ErrNotFound if no row was changed.
func (tx *Tx) change(query string, args ...any) error {
	n, err := tx.exec(query, args...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
