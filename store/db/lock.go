package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// How often a waiting process tries again to get a lock.
const lockRetry = 50 * time.Millisecond

// How often the process that has it makes sure that it still does.
const lockWatch = time.Second

// lockPostgres takes the advisory lock of migrations and holds it in an open
// transaction on a connection of its own, until release or the end of the
// process. It closes db, which it may use alone. held ends when the lock is lost.
//
// goose's own lockers take a session's advisory lock instead. Behind a pooler
// in transaction mode the session is not ours: the lock would be taken on one
// server connection, looked for on another, and stay where it is. A transaction
// keeps its server connection. While another process has the lock, none is kept
// waiting: a few waiting processes would occupy all that a pooler has, and the
// one that migrates could not go on. Thus two server connections are enough.
func lockPostgres(ctx context.Context, db *sql.DB) (held context.Context, release func(), err error) {
	for {
		tx, err := tryLockPostgres(ctx, db)
		if err == nil && tx != nil {
			held, stop := watchLock(ctx, tx)
			return held, func() {
				stop()
				_ = tx.Rollback()
				_ = db.Close()
			}, nil
		}
		if err == nil {
			err = pause(ctx)
		}
		if err != nil {
			_ = db.Close()
			return nil, nil, beginError(err)
		}
	}
}

// tryLockPostgres returns the transaction that has the lock, or nil while another
// one has it.
func tryLockPostgres(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	const key = 0x76657374_6962756c // “vestibul”
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	var locked bool
	err = tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, int64(key)).Scan(&locked)
	if err != nil || !locked {
		_ = tx.Rollback()
		return nil, err
	}
	return tx, nil
}

var errLockLost = fmt.Errorf("%w: the lock of migrations was lost, the connection that held it has ended", ErrUnavailable)

// watchLock ends held when tx, and with it the lock, has ended by itself: another
// process may then migrate. It asks often, so that nothing on the way takes the
// connection for an idle one. stop ends the watch.
func watchLock(ctx context.Context, tx *sql.Tx) (held context.Context, stop func()) {
	held, lost := context.WithCancelCause(ctx)
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(lockWatch)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if _, err := tx.ExecContext(ctx, `SELECT 1`); err != nil {
				lost(errLockLost)
				return
			}
		}
	}()
	return held, func() {
		close(done)
		<-stopped
		lost(nil)
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
