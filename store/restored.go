package store

import (
	"context"

	"vestibule/store/db"
)

// EndAllSessions ends the sessions of all users and records e. It is for a database that no
// process serves: the sessions of a backup may have been revoked after it was made. It returns
// how many sessions have ended.
func (s *Store) EndAllSessions(ctx context.Context, e Event) (ended int64, err error) {
	const atOnce = 1000 // in a transaction, so that each ends within the time limit of a call
	err = db.InBatches(ctx, func() (more bool, err error) {
		var n int64
		err = s.Tx(ctx, "end all sessions", func(tx *Tx) (err error) {
			n, err = tx.exec(`DELETE FROM session WHERE token IN (SELECT token FROM session LIMIT ?)`, atOnce)
			return err
		})
		ended += n
		return n > 0, err
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return ended, err
	}
	return ended, s.Record(ctx, e)
}
