package db

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// Single is Tx for an f that, where the dialect has OneStatement, makes one statement. There
// that statement is sent alone, as a transaction of its own: one round trip instead of three,
// and locks that no round trip prolongs.
//
// It is sent at most once, as in Tx, because database/sql repeats nothing on a connection
// that was taken out of its pool. A connection that has died while idle is found before
// (linkedConn.ResetSession). On systems where it is not, Single is Tx, whose BEGIN finds it.
//
// Without a BEGIN, the defaults of the installation decide about the isolation and whether
// writes are allowed. A statement that fails for such a reason has done nothing, and Tx runs
// it again.
func (s *DB) Single(ctx context.Context, what string, f func(context.Context, Querier) error) error {
	if !s.Dialect().OneStatement || !canPeek {
		return s.Tx(ctx, what, f)
	}
	return s.Call(ctx, what, func(ctx context.Context) error {
		err := s.alone(ctx, f)
		if restartable(err) || pq.As(err, pqerror.ReadOnlySQLTransaction) != nil {
			return s.repeat(ctx, s.write, f)
		}
		return err
	})
}

// alone runs f with a connection that is in no transaction.
func (s *DB) alone(ctx context.Context, f func(context.Context, Querier) error) error {
	conn, err := s.write.Connx(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	t := &transaction{Handle: &single{conn: conn}}
	if err := f(ctx, Querier{t}); err != nil {
		return err
	}
	s.announce(t)
	return nil
}

// single is the Handle of one statement.
type single struct {
	conn *sqlx.Conn
	sent bool
}

// errNotSingle is a defect of the caller: two statements would be two transactions.
var errNotSingle = errors.New("a second statement without a transaction")

func (h *single) Rebind(query string) string { return h.conn.Rebind(query) }

func (h *single) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if h.sent {
		return nil, errNotSingle
	}
	h.sent = true
	return h.conn.ExecContext(ctx, query, args...)
}

func (h *single) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if h.sent {
		return nil, errNotSingle
	}
	h.sent = true
	return h.conn.QueryContext(ctx, query, args...)
}
