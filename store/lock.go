package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// How often a waiting process tries again to get a lock.
const lockRetry = 50 * time.Millisecond

// lockPostgres takes the advisory lock of migrations and holds it in an open
// transaction on a connection of its own, until release or the end of the
// process. It closes db, which it may use alone, with done.
//
// goose's own lockers take a session's advisory lock instead. Behind a pooler
// in transaction mode the session is not ours: the lock would be taken on one
// server connection, looked for on another, and stay where it is. A transaction
// keeps its server connection. While another process has the lock, none is kept
// waiting: a few waiting processes would occupy all that a pooler has, and the
// one that migrates could not go on. Thus two server connections are enough.
func lockPostgres(ctx context.Context, db *sql.DB, done func()) (release func(), err error) {
	const key = 0x76657374_6962756c // “vestibul”
	for {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			done()
			return nil, beginError(err)
		}
		release := func() {
			_ = tx.Rollback()
			done()
		}
		var held bool
		if err := tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, int64(key)).Scan(&held); err != nil {
			release()
			return nil, err
		}
		if held {
			return release, nil
		}
		_ = tx.Rollback()
		if err := pause(ctx); err != nil {
			done()
			return nil, err
		}
	}
}

// lockFile takes the lock on a file, which it creates, until release or the end
// of the process. The file stays: to delete it could let two processes lock two
// different files of that name.
//
// SQLite's own lock would not do. It goes with each transaction, and a migration
// is several.
func lockFile(ctx context.Context, path string) (release func(), err error) {
	for {
		f, err := tryLockFile(path)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, errLocked) {
			return nil, err
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("%s is locked: %w", path, err)
		}
	}
}

var errLocked = errors.New("locked by another process")

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(lockRetry):
		return nil
	}
}
