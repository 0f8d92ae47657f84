package db

import (
	"context"
	"time"
)

// What piles up is deleted in batches, each a small transaction: one statement over a
// million rows would keep all other writers waiting until it is done.
const (
	BatchRows  = 200
	BatchBytes = 1 << 20 // of text; a row may have 100 KiB
)

// InBatches repeats do while there is more, and rests in between for as long as it
// took, so that others get their turns. It returns do's error, or nil when ctx ends
// during a rest.
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

// DeleteOld deletes the rows of a table whose column is not after then, and returns
// how many there were. The column must have an index.
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
