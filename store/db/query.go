package db

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// Call limits the time of f and translates its error into one of this package.
func (s *DB) Call(ctx context.Context, what string, f func(context.Context) error) error {
	begun := time.Now()
	ctx, cancel := Within(context.WithValue(ctx, storeKey{}, s), s.patience)
	defer cancel()
	ctx, span := s.startSpan(ctx, what)
	err := s.file.checkSometimes()
	if err == nil {
		err = f(ctx)
	}
	now := time.Now()
	s.trouble.note(err, now)
	err = translate(ctx, what, err)
	s.metrics.note(what, err, now.Sub(begun))
	endSpan(span, err)
	return err
}

// cancelTime is for a statement that has to be cancelled at the end of its call: the server
// then has a moment to answer. If it does not, the connection is given up.
const cancelTime = 100 * time.Millisecond

// Within bounds the time of several calls together. When it is over, a call returns
// ErrUnavailable, also if the server is silent.
func Within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit-2*cancelTime, errNoAnswer)
}

// Tx runs f in a transaction. f may run more than once, because PostgreSQL can abort a
// transaction that conflicts with another one.
//
// Every write uses Tx, or Single where one statement is enough. lib/pq reports a connection that was lost
// during a statement as driver.ErrBadConn (lib/pq#939). database/sql takes that to mean
// “never sent” and sends the statement again, so an insert could happen twice. Inside a
// transaction it repeats only the BEGIN, so a connection that died while idle is replaced
// without an error. On SQLite the transaction is BEGIN IMMEDIATE, and COMMIT reports a full
// disk.
func (s *DB) Tx(ctx context.Context, what string, f func(context.Context, Querier) error) error {
	return s.txIn(ctx, s.write, what, f)
}

// AccountTx is Tx on the connections for accounts.
func (s *DB) AccountTx(ctx context.Context, what string, f func(context.Context, Querier) error) error {
	return s.txIn(ctx, s.accounts.write, what, f)
}

// CountTx is Tx on the connections for the counters of the rate limits.
func (s *DB) CountTx(ctx context.Context, what string, f func(context.Context, Querier) error) error {
	return s.txIn(ctx, s.counting.write, what, f)
}

// Read returns the Querier for statements that change nothing.
func (s *DB) Read() Querier { return Querier{s.read} }

// Often is Read for frequent statements whose text never varies.
func (s *DB) Often() Querier { return Querier{s.often} }

// AccountRead is Read on the connections for accounts.
func (s *DB) AccountRead() Querier { return Querier{s.accounts.read} }

// CountRead is Read on the connections for the counters of the rate limits.
func (s *DB) CountRead() Querier { return Querier{s.counting.read} }

// txIn is Tx on a connection of the given pool.
func (s *DB) txIn(ctx context.Context, pool *sqlx.DB, what string, f func(context.Context, Querier) error) error {
	return s.Call(ctx, what, func(ctx context.Context) error { return s.repeat(ctx, pool, f) })
}

// repeat tries the transaction until the database lets it happen.
func (s *DB) repeat(ctx context.Context, pool *sqlx.DB, f func(context.Context, Querier) error) error {
	const restarts = 10
	for n := range restarts {
		err := s.try(ctx, pool, f)
		if !restartable(err) {
			return err
		}
		select { // wait, so that it does not conflict with the same transactions again
		case <-time.After(rand.N(time.Duration(n+1) * 5 * time.Millisecond)): // #nosec G404 -- no secret: it separates transactions
		case <-ctx.Done():
			return err
		}
	}
	return s.try(ctx, pool, f)
}

func (s *DB) try(ctx context.Context, pool *sqlx.DB, f func(context.Context, Querier) error) error {
	if s.group != nil {
		if err := s.together(ctx, f); !errors.Is(err, errShared) {
			return err
		}
	}
	release, err := s.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer release()
	tx, err := pool.BeginTxx(ctx, nil)
	if err != nil {
		return beginError(err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	t := &transaction{Handle: tx}
	if s.prepared != nil {
		t.often = preparedTx{tx, s.prepared}
	}
	if err := f(ctx, Querier{t}); err != nil {
		return err
	}
	err = tx.Commit()
	if err == nil {
		err = s.file.check() // do not confirm a write to a file that was replaced
	}
	s.announce(t)
	if err == nil {
		s.prepared.parse(ctx)
		s.checkpoints.written()
	}
	return err
}

// restartable reports whether the database has rolled the transaction back so that it can
// be run again. Distributed databases do that often.
func restartable(err error) bool {
	return pq.As(err, pqerror.TRSerializationFailure, pqerror.TRDeadlockDetected) != nil
}

// Observe sets a function that is called for each write, with the number of changed rows.
// It is for tests.
func (s *DB) Observe(f func(query string, rows int64)) { s.observe = f }

// Handle is a pool or a transaction.
type Handle interface {
	Rebind(query string) string
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Querier runs statements with ? for parameters, on either engine. It does not prepare
// them: a prepared statement belongs to one server connection, and behind a pooler the next
// execution may use another one.
type Querier struct{ Handle }

// Often is q for frequent statements of a transaction whose text never varies.
func (q Querier) Often() Querier {
	if t, ok := q.Handle.(*transaction); ok && t.often != nil {
		return Querier{t.often}
	}
	return q
}

// Exec returns the number of rows that the statement has changed.
func (q Querier) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := bind(args); err != nil {
		return 0, err
	}
	result, err := q.ExecContext(ctx, q.Rebind(query), args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if s, ok := ctx.Value(storeKey{}).(*DB); ok && s.observe != nil {
		s.observe(query, n)
	}
	return n, err
}

// One scans the first row of the answer into dest, or returns ErrNotFound, or
// *Unreadable.
func (q Querier) One(ctx context.Context, dest []any, query string, args ...any) error {
	if err := bind(args); err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, q.Rebind(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return ErrNotFound
	}
	if err := scan(rows, dest, query); err != nil {
		if u, is := errors.AsType[*Unreadable](err); is {
			reportUnreadable(ctx, u)
		}
		return err
	}
	if err := rows.Close(); err != nil {
		return err
	}
	return rows.Err() // Close says nothing if the end of ctx has closed the rows, perhaps before the commit
}

// Each scans each row of the answer into dest and then calls row. Unreadable rows are
// reported and skipped.
func (q Querier) Each(ctx context.Context, dest []any, row func(), query string, args ...any) error {
	return q.Every(ctx, dest, func(readable bool) {
		if readable {
			row()
		}
	}, query, args...)
}

// Every is like Each, but also calls row for unreadable rows, with readable false. Then
// dest holds the columns that could be read.
func (q Querier) Every(ctx context.Context, dest []any, row func(readable bool), query string, args ...any) error {
	if err := bind(args); err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, q.Rebind(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		err := scan(rows, dest, query)
		if u, is := errors.AsType[*Unreadable](err); is {
			reportUnreadable(ctx, u)
		} else if err != nil {
			return err
		}
		row(err == nil)
	}
	return rows.Err()
}

// bind converts args in place to types that both engines accept, for example times to text.
// It refuses text that PostgreSQL cannot store, so that SQLite refuses it too.
func bind(args []any) error {
	for i, arg := range args {
		text, isText := arg.(string)
		switch v := arg.(type) {
		case *string:
			if v != nil {
				text, isText = *v, true
			}
		case time.Time:
			args[i] = FormatTime(v)
		case *time.Time:
			args[i] = nil
			if v != nil {
				args[i] = FormatTime(*v)
			}
		}
		if isText && !ValidText(text) {
			return ErrInvalidText
		}
	}
	return nil
}

// ValidText reports whether both databases can store the text.
func ValidText(text string) bool {
	return !strings.Contains(text, "\x00") && utf8.ValidString(text)
}
