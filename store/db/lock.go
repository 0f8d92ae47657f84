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

// How often the process that holds the lock checks that it still does.
const lockWatch = time.Second

// lockPostgres takes the advisory lock of migrations. It holds it in an open transaction on
// a separate connection, until release or the end of the process. It owns db and closes it.
// held ends when the lock is lost.
//
// goose's own lockers take an advisory lock of the session. Behind a pooler in transaction
// mode that fails: the lock would be taken on one server connection, looked for on another,
// and never be freed. A transaction keeps its server connection. A process that does not get
// the lock does not wait inside a transaction: a few of those would take all connections of
// the pooler, and the migrating process could not continue. So two server connections are
// enough.
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

const migrationLockKey = `8531352012944733548` // 0x76657374_6962756c, “vestibul”

// tryLockPostgres returns the transaction that holds the lock, or nil if another one does.
func tryLockPostgres(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	var locked bool
	// Without a parameter, so that the transaction keeps no snapshot: with one, the portal of
	// the query stays open until the next query.
	err = tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock(`+migrationLockKey+`)`).Scan(&locked)
	if err != nil || !locked {
		_ = tx.Rollback()
		return nil, err
	}
	return tx, nil
}

var errLockLost = fmt.Errorf("%w: the lock of migrations was lost, the connection that held it has ended", ErrUnavailable)

// watchLock ends held when tx has ended by itself: the lock is then lost, and another
// process may migrate. It asks often, so that no proxy closes the connection as idle. stop
// ends the watch.
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
			// This takes no snapshot. A CREATE INDEX CONCURRENTLY of our own migration that
			// meets a snapshot of this transaction waits for its end.
			if _, err := tx.ExecContext(ctx, `SHOW transaction_isolation`); err != nil {
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

// lockFile creates a file and locks it until release or the end of the process. The file is
// never deleted: otherwise two processes could lock two different files of that name.
//
// SQLite's own lock is not enough. It ends with each transaction, and a migration has
// several.
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
