package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// watch is a connection that only tells whether others have written.
type watch struct {
	pool    *sql.DB
	conn    *sql.Conn // always the same one, because SQLite counts per connection
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

// Version returns a number that tells whether earlier reads are still current. It makes no
// query on PostgreSQL, and on SQLite one that costs less than half of the smallest read.
//
// On SQLite the number changes whenever any process writes to the file. On PostgreSQL it
// changes when notifications may have been missed: earlier reads are current, except for
// what WatchSessions has told. It returns an error while notifications do not arrive.
func (s *DB) Version(ctx context.Context) (n int64, err error) {
	if s.listener != nil {
		return s.listener.version()
	}
	if err := s.file.checkSometimes(); err != nil {
		return 0, fmt.Errorf("version of the data: %w", err)
	}
	// A caller that leaves must not interrupt the only connection.
	if err := s.watch.version.QueryRowContext(context.WithoutCancel(ctx)).Scan(&n); err != nil {
		return 0, fmt.Errorf("version of the data: %w", err)
	}
	return n, nil
}
