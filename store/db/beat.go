package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// forgetInstance is when the row of a process that has died is deleted.
const forgetInstance = time.Hour

// beatReads are the tables that every request needs. Beat reads the first and the last row
// by an index: two paths through the pages, whatever the size of the table.
var beatReads = []struct{ table, key string }{
	{`"user"`, "id"}, {"session", "id"}, {"account", "id"}, {"tasks", "user_id"}, {"jwks", "id"},
}

// Beat does a little of what requests need, and returns what failed: it checks the schema,
// reads the important tables, and writes the instance's own row. It also fails for a while
// after another call has met a full disk, a damaged or read-only file, or the like, because
// one small row may not meet the fault.
func (s *DB) Beat(ctx context.Context, instance string, now time.Time) error {
	if err := s.CheckMigrated(ctx); errors.Is(err, ErrBehind) || errors.Is(err, ErrUnavailable) {
		return err // a newer schema is fine during a rolling update
	}
	err := s.Call(ctx, "read tables", s.readTables)
	if err == nil {
		err = s.Tx(ctx, "write the instance's row", func(ctx context.Context, q Querier) error { return s.beat(ctx, q, instance, now) })
	}
	if err != nil {
		return err
	}
	if met := s.trouble.recent(time.Now()); met != nil {
		return fmt.Errorf("%w: a call has met: %w", ErrUnavailable, met)
	}
	return nil
}

// readTables uses one connection for all reads. Taking a connection from a busy pool for
// each read would mean a dozen waits where a request waits once or twice, and a busy
// instance would look broken.
func (s *DB) readTables(ctx context.Context) error {
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, t := range beatReads {
		for _, order := range []string{"", " DESC"} {
			if err := readFirst(ctx, conn, t.table, t.key+order); err != nil {
				return fmt.Errorf("%s: %w", strings.Trim(t.table, `"`), err)
			}
		}
	}
	return nil
}

// readFirst reads the first row of a table. Both names are constants.
func readFirst(ctx context.Context, conn *sql.Conn, table, order string) error {
	rows, err := conn.QueryContext(ctx, `SELECT * FROM `+table+` ORDER BY `+order+` LIMIT 1`) // #nosec G202 -- constants
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

func (s *DB) beat(ctx context.Context, q Querier, instance string, now time.Time) error {
	accepts, signs := s.heldSecrets()
	_, err := q.Exec(ctx, `INSERT INTO instance (id, "seenAt", accepts, signs) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET "seenAt" = excluded."seenAt", accepts = excluded.accepts, signs = excluded.signs`, instance, now, accepts, signs)
	if err != nil || s.file == nil {
		return err
	}
	// This number tells the file from a backup of it, see file.
	var version int64
	if err := q.One(ctx, []any{&version}, `PRAGMA user_version`); err != nil {
		return err
	}
	_, err = q.Exec(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, version+1))
	return err
}

// EndBeat deletes the instance's row, and the rows of processes that have died.
func (s *DB) EndBeat(ctx context.Context, instance string, now time.Time) error {
	return s.Tx(ctx, "delete the instance's row", func(ctx context.Context, q Querier) error {
		_, err := q.Exec(ctx, `DELETE FROM instance WHERE id = ? OR "seenAt" < ?`, instance, now.Add(-forgetInstance))
		return err
	})
}
