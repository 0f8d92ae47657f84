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

// Call bounds the time of f and turns its error into one of this package's.
func (s *DB) Call(ctx context.Context, what string, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(context.WithValue(ctx, storeKey{}, s), s.patience, errNoAnswer)
	defer cancel()
	err := s.file.checkSometimes()
	if err == nil {
		err = f(ctx)
	}
	s.trouble.note(err, time.Now())
	return translate(ctx, what, err)
}

// Tx runs f in a transaction. f may run more than once, each time from the
// start: PostgreSQL ends a transaction that it cannot put in order with others.
//
// Every write goes through here, single statements too. lib/pq reports a
// connection that was lost in the middle of a statement as driver.ErrBadConn
// (lib/pq#939), which database/sql takes for “never sent”: it sends the statement
// again, and an insert that had arrived happens twice. Inside a transaction it
// does not; it only repeats the BEGIN, so that a connection that died while idle
// goes unnoticed. On SQLite the transaction is BEGIN IMMEDIATE, and its COMMIT
// is what reports a full disk.
func (s *DB) Tx(ctx context.Context, what string, f func(context.Context, Querier) error) error {
	return s.txIn(ctx, s.write, what, f)
}

// CountTx is Tx on the connections that count what is tried.
func (s *DB) CountTx(ctx context.Context, what string, f func(context.Context, Querier) error) error {
	return s.txIn(ctx, s.countWrite, what, f)
}

// Read runs statements that change nothing.
func (s *DB) Read() Querier { return Querier{s.read} }

// Often is Read for statements that are run all the time and never vary.
func (s *DB) Often() Querier { return Querier{s.often} }

// CountRead is Read on the connections that count what is tried.
func (s *DB) CountRead() Querier { return Querier{s.countRead} }

// txIn is Tx on a connection of the given pool.
func (s *DB) txIn(ctx context.Context, pool *sqlx.DB, what string, f func(context.Context, Querier) error) error {
	const restarts = 10
	return s.Call(ctx, what, func(ctx context.Context) error {
		for n := range restarts {
			err := s.try(ctx, pool, f)
			if !restartable(err) {
				return err
			}
			select { // apart from those it collided with
			case <-time.After(rand.N(time.Duration(n+1) * 5 * time.Millisecond)):
			case <-ctx.Done():
				return err
			}
		}
		return s.try(ctx, pool, f)
	})
}

func (s *DB) try(ctx context.Context, pool *sqlx.DB, f func(context.Context, Querier) error) error {
	release, err := s.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer release()
	tx, err := pool.BeginTxx(ctx, nil)
	if err != nil {
		return beginError(err)
	}
	defer func() { _ = tx.Rollback() }() // of no effect after Commit
	t := &transaction{Handle: tx}
	if err := f(ctx, Querier{t}); err != nil {
		return err
	}
	err = tx.Commit()
	if err == nil {
		err = s.file.check() // what is not where it will be looked for is not acknowledged
	}
	s.announce(t)
	if err == nil {
		s.checkpoints.written()
	}
	return err
}

// restartable reports whether the database has rolled the transaction back and
// asks for it to be run again. Distributed databases do that often.
func restartable(err error) bool {
	return pq.As(err, pqerror.TRSerializationFailure, pqerror.TRDeadlockDetected) != nil
}

// Observe has f called for each statement that writes, with the rows that it changed. It
// is for tests.
func (s *DB) Observe(f func(query string, rows int64)) { s.observe = f }

// Handle is a pool or a transaction.
type Handle interface {
	Rebind(query string) string
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Querier runs statements that are written once, with ? for parameters. It
// prepares none of them: a prepared statement belongs to one server connection,
// and behind a pooler the next execution may meet another.
type Querier struct{ Handle }

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
	return rows.Close()
}

// Each scans every row of the answer into dest and then calls row. Rows that cannot be
// read are reported and left out.
func (q Querier) Each(ctx context.Context, dest []any, row func(), query string, args ...any) error {
	return q.Every(ctx, dest, func(readable bool) {
		if readable {
			row()
		}
	}, query, args...)
}

// Every is each that calls row for every row there is, and says whether it could be
// read. As far as it could, it is in dest.
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

// bind makes args, in place, into what both engines take: times as text. It
// refuses text that PostgreSQL would not store, so that SQLite does not either.
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

// ValidText reports whether both databases can hold the text.
func ValidText(text string) bool {
	return !strings.Contains(text, "\x00") && utf8.ValidString(text)
}
