package db

import (
	"context"
	"time"
)

// Old rows are deleted in batches, each in a small transaction. One statement for a million
// rows would make all other writers wait until it is done.
const (
	BatchRows  = 200
	BatchBytes = 1 << 20 // of text; a row may have 100 KiB
)

// InBatches calls do until it reports that there is no more. Between calls it pauses as
// long as the call took, so that other writers get their turn. It returns do's error, or
// nil when ctx ends during a pause.
func InBatches(ctx context.Context, do func() (more bool, err error)) error {
	for {
		begun := time.Now()
		more, err := do()
		if err != nil || !more {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Since(begun)):
		}
	}
}

// DeleteOld deletes the rows of a table whose column is not after then, and returns their
// number. The column must have an index.
func (s *DB) DeleteOld(ctx context.Context, what, table, key, column string, then time.Time) (n int64, err error) {
	err = InBatches(ctx, func() (bool, error) {
		var deleted int64
		err := s.Tx(ctx, what, func(ctx context.Context, q Querier) (err error) {
			deleted, err = q.Exec(ctx, deleteOldSQL(table, key, column), then, BatchRows)
			return err
		})
		n += deleted
		return deleted == BatchRows, err
	})
	return n, err
}

func deleteOldSQL(table, key, column string) string {
	return `DELETE FROM ` + table + ` WHERE ` + key + ` IN (SELECT ` + key + ` FROM ` + table +
		` WHERE ` + column + ` <= ? ORDER BY ` + column + ` LIMIT ?)`
}
