package db

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// forgetInstance is how long the row of a process that has died stays.
const forgetInstance = time.Hour

// beatReads are the tables without which nobody is served. The first and the last row by
// an index are read: two ways through the pages, whatever the size.
var beatReads = []struct{ table, key string }{
	{`"user"`, "id"}, {"session", "id"}, {"account", "id"}, {"tasks", "user_id"}, {"jwks", "id"},
}

// Beat does a little of what requests need, and returns what fails of it: the schema is
// there, the important tables can be read, and a row can be written, the instance's own.
// It also fails for a while after a call has met a full disk, a file that is damaged or
// read-only, or the like, which a single row may not meet.
func (s *DB) Beat(ctx context.Context, instance string, now time.Time) error {
	if err := s.CheckMigrated(ctx); errors.Is(err, ErrBehind) || errors.Is(err, ErrUnavailable) {
		return err // a later version's schema is for a rolling update
	}
	err := s.Call(ctx, "read tables", s.readTables)
	if err == nil {
		err = s.Tx(ctx, "write the instance's row", func(ctx context.Context, q Querier) error { return s.beat(ctx, q, instance, now) })
	}
	if err != nil {
		return err
	}
	if met := s.trouble.lately(time.Now()); met != nil {
		return fmt.Errorf("%w: a call has met: %w", ErrUnavailable, met)
	}
	return nil
}

// readTables reads on one connection. Where many wait for the pool's, it would else wait a
// dozen times where a request waits once or twice, and an instance that is merely busy,
// as all of them may be, would be taken for one that is broken.
func (s *DB) readTables(ctx context.Context) error {
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, t := range beatReads {
		for _, order := range []string{"", " DESC"} {
			rows, err := conn.QueryContext(ctx, `SELECT * FROM `+t.table+` ORDER BY `+t.key+order+` LIMIT 1`)
			if err != nil {
				return fmt.Errorf("%s: %w", strings.Trim(t.table, `"`), err)
			}
			for rows.Next() {
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				return fmt.Errorf("%s: %w", strings.Trim(t.table, `"`), err)
			}
		}
	}
	return nil
}

func (s *DB) beat(ctx context.Context, q Querier, instance string, now time.Time) error {
	_, err := q.Exec(ctx, `INSERT INTO instance (id, "seenAt") VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET "seenAt" = excluded."seenAt"`, instance, now)
	if err != nil || s.file == nil {
		return err
	}
	// By this number the file is told from a backup of it, see file.
	var version int64
	if err := q.One(ctx, []any{&version}, `PRAGMA user_version`); err != nil {
		return err
	}
	_, err = q.Exec(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, version+1))
	return err
}

// EndBeat deletes the instance's row, and those of processes that have died.
func (s *DB) EndBeat(ctx context.Context, instance string, now time.Time) error {
	return s.Tx(ctx, "delete the instance's row", func(ctx context.Context, q Querier) error {
		_, err := q.Exec(ctx, `DELETE FROM instance WHERE id = ? OR "seenAt" < ?`, instance, now.Add(-forgetInstance))
		return err
	})
}
