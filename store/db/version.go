package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// watch is a connection that does nothing but tell whether others have written.
type watch struct {
	pool    *sql.DB
	conn    *sql.Conn // always the same one: SQLite counts by connection
	version *sql.Stmt
}

func newWatch(ctx context.Context, pool *sql.DB) (*watch, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	version, err := conn.PrepareContext(ctx, `PRAGMA data_version`)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &watch{pool: pool, conn: conn, version: version}, nil
}

func (w *watch) close() error {
	return errors.Join(w.version.Close(), w.conn.Close(), w.pool.Close())
}

// errNoVersion is returned where the database cannot tell.
var errNoVersion = errors.New("this database has no version of its data")

// Version returns a number that is another one after anybody, in this process or
// another, has written to the SQLite file: what was read since it was last asked
// for, and the number is the same, is still true. It costs less than half of the
// smallest read. On PostgreSQL there is no such number.
func (s *DB) Version(ctx context.Context) (n int64, err error) {
	if s.watch == nil {
		return 0, errNoVersion
	}
	if err := s.file.checkSometimes(); err != nil {
		return 0, fmt.Errorf("version of the data: %w", err)
	}
	// Not even a caller who leaves may interrupt the one connection.
	if err := s.watch.version.QueryRowContext(context.WithoutCancel(ctx)).Scan(&n); err != nil {
		return 0, fmt.Errorf("version of the data: %w", err)
	}
	return n, nil
}
