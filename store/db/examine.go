package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"

	"vestibule/migrations"
)

// Questions about a database for vestibule doctor. None of them writes.

// ErrSilent means that notifications do not arrive although all connections work.
var ErrSilent = errSilent

// TryListening opens a connection that listens, as Watch does, and sends a notification to it
// on another connection. It returns ErrSilent when the notification does not arrive in time.
// On SQLite there is nothing to try.
func (s *DB) TryListening(ctx context.Context, within time.Duration) error {
	if s.listener == nil {
		return nil
	}
	received := make(chan *pq.Notification, heardBuffer)
	conn, err := s.listener.connect(ctx, received)
	if err != nil {
		return err
	}
	defer func() {
		_ = conn.Close()
		for range received { // drain, so that the reader's goroutine can end
		}
	}()
	channel := s.listener.beats.channel
	if err := s.notify(ctx, channel, "0"); err != nil {
		return err
	}
	silent := time.NewTimer(within)
	defer silent.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-silent.C:
			return errSilent
		case n, open := <-received:
			if !open {
				return fmt.Errorf("listen: %w: the connection has ended", ErrUnavailable)
			}
			if n != nil && n.Channel == channel {
				return nil
			}
		}
	}
}

// SameDatabase reports whether another URL leads to the database of s. Its error is about the
// other URL, or ErrUnavailable.
func (s *DB) SameDatabase(ctx context.Context, databaseURL string) (same bool, err error) {
	other, err := OpenWith(ctx, databaseURL, Options{MaxConnections: MinConnections, patience: s.patience})
	if err != nil {
		return false, err
	}
	theirs, err := other.identity(ctx)
	if err := errors.Join(err, other.Close()); err != nil {
		return false, err
	}
	ours, err := s.identity(ctx)
	return ours == theirs, err
}

// identity names a database of PostgreSQL: another server has started at another time.
func (s *DB) identity(ctx context.Context) (name string, err error) {
	err = s.Call(ctx, "identity of the database", func(ctx context.Context) error {
		return s.Read().One(ctx, []any{&name}, `SELECT oid || ' ' || datname || ' ' || extract(epoch FROM pg_postmaster_start_time())
			FROM pg_catalog.pg_database WHERE datname = current_database()`)
	})
	return name, err
}

// CheckWritable checks that this user may write each table, with statements that match no
// row.
func (s *DB) CheckWritable(ctx context.Context) error {
	steps, err := s.steps()
	if err != nil {
		return err
	}
	var there columnSet
	err = s.Call(ctx, "columns", func(ctx context.Context) (err error) {
		there, err = s.columns(ctx)
		return err
	})
	if err != nil {
		return err
	}
	columns := map[string]string{} // by table: one that it has
	for _, m := range steps {
		made, err := migrations.Created(s.engine.migrations, m.file)
		if err != nil {
			return err
		}
		for table, names := range made.Columns {
			for _, name := range names {
				if there[table+"."+name] {
					columns[table] = name // the last: the first may be one that the server numbers
				}
			}
		}
	}
	return s.Tx(ctx, "check writes", func(ctx context.Context, q Querier) error {
		for table, column := range columns {
			for _, form := range []string{
				`INSERT INTO "%[1]s" ("%[2]s") SELECT "%[2]s" FROM "%[1]s" WHERE 1 = 0`,
				`UPDATE "%[1]s" SET "%[2]s" = "%[2]s" WHERE 1 = 0`,
				`DELETE FROM "%[1]s" WHERE 1 = 0`,
			} {
				if _, err := q.Exec(ctx, fmt.Sprintf(form, table, column)); err != nil {
					return fmt.Errorf("table %s: %w", table, err)
				}
			}
		}
		return nil
	})
}

// CheckNewNames returns ErrForeign or ErrNoSchema when the pending migrations cannot be
// applied because of what is in the database already.
func (s *DB) CheckNewNames(ctx context.Context) error {
	status, err := s.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	return s.checkNames(ctx, slices.DeleteFunc(status, func(m Migration) bool { return !m.Known() }))
}

// Server is what a server says of itself.
type Server struct {
	Version string // of PostgreSQL or SQLite, with the name

	// Connections are how many the user of the URL may have, all processes together.
	// LimitedBy says what limits them. On SQLite they are 0 and "".
	Connections int64
	LimitedBy   string
}

// Server asks the server. On SQLite that is the library.
func (s *DB) Server(ctx context.Context) (about Server, err error) {
	query := `SELECT 'SQLite ' || sqlite_version(), 0, ''`
	if s.engine.shared {
		// The limits of a database and a role do not bind a superuser; -1 is no limit.
		query = `SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1), most, by FROM pg_catalog.pg_roles r
			JOIN pg_catalog.pg_database d ON d.datname = current_database(),
			LATERAL (VALUES
				(current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint
					- coalesce(current_setting('reserved_connections', true), '0')::bigint, 'max_connections'),
				(CASE WHEN r.rolsuper THEN -1 ELSE d.datconnlimit END, 'the CONNECTION LIMIT of the database'),
				(CASE WHEN r.rolsuper THEN -1 ELSE r.rolconnlimit END, 'the CONNECTION LIMIT of the role')
			) AS limits (most, by)
			WHERE r.rolname = current_user AND most >= 0 ORDER BY most, by DESC LIMIT 1`
	}
	err = s.Call(ctx, "server", func(ctx context.Context) error {
		return s.Read().One(ctx, []any{&about.Version, &about.Connections, &about.LimitedBy}, query)
	})
	return about, err
}
