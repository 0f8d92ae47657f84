package store

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/store/db"
)

// Tx is a transaction on users, sessions, mails, the audit trail, keys and clients. Its
// methods are small verbs that callers combine. The commit writes everything or nothing.
// A precondition is a verb that returns an error; what it has checked cannot change before
// the commit. A verb that takes an Event records it, unless its name begins with Require.
type Tx struct {
	ctx context.Context
	q   db.Querier

	dialect db.Dialect
	ended   []string
	mailed  bool
	metrics *metrics
	counted []prometheus.Counter // to increase after the commit
}

// Tx runs f in a transaction and commits it if f returns nil. Errors name the operation
// by what. The whole call takes at most five seconds, so f must not wait for anything but
// the database.
//
// f may run more than once, each time with a new Tx, because PostgreSQL can abort a
// transaction that conflicts with another one. So f must set its results on each run and
// have no other side effects.
func (s *Store) Tx(ctx context.Context, what string, f func(*Tx) error) error {
	return s.counting(ctx, s.DB.AccountTx, what, f)
}

// sessionTx is Tx for a session that is in use. A proxied request waits for it, so it does
// not take a connection for accounts.
func (s *Store) sessionTx(ctx context.Context, what string, f func(*Tx) error) error {
	return s.counting(ctx, s.DB.Tx, what, f)
}

// counting runs f in a transaction of the engine, and counts what the commit has stored.
func (s *Store) counting(ctx context.Context, run func(context.Context, string, func(context.Context, db.Querier) error) error, what string, f func(*Tx) error) error {
	var tx *Tx
	err := run(ctx, what, func(ctx context.Context, q db.Querier) error {
		tx = &Tx{ctx: ctx, q: q, dialect: s.Dialect(), metrics: s.metrics}
		return f(tx)
	})
	if err == nil {
		for _, counter := range tx.counted {
			counter.Inc()
		}
	}
	return err
}

// Ended returns the token hashes of the sessions that the transaction has ended. After
// the commit, the caller must drop them from its caches and close their streams.
func (tx *Tx) Ended() []string { return tx.ended }

// Mailed reports whether the transaction has queued a mail.
func (tx *Tx) Mailed() bool { return tx.mailed }

// count increases a counter after the commit.
func (tx *Tx) count(c prometheus.Counter) { tx.counted = append(tx.counted, c) }

func (tx *Tx) exec(query string, args ...any) (int64, error) {
	return tx.q.Exec(tx.ctx, query, args...)
}

func (tx *Tx) one(dest []any, query string, args ...any) error {
	return tx.q.One(tx.ctx, dest, query, args...)
}

func (tx *Tx) each(dest []any, row func(), query string, args ...any) error {
	return tx.q.Each(tx.ctx, dest, row, query, args...)
}

// change is exec for a statement that must change a row: it returns ErrNotFound if it has
// changed none.
func (tx *Tx) change(query string, args ...any) error {
	n, err := tx.exec(query, args...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
