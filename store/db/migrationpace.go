package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// While a migration waits for a lock of a table, PostgreSQL lets everybody else wait behind
// it who wants another lock of that table: a report that reads for a minute and a migration
// behind it would stop all traffic for a minute. So a migration waits briefly, gives up, lets
// the traffic pass, and tries again.

// pace is how a migration waits for locks.
type pace struct {
	timeout  time.Duration // of one wait: that long can traffic stand
	pause    time.Duration // before the next attempt, and up to as long again
	attempts int
	tell     time.Duration // how often a wait is reported
}

// A request has two seconds or more. 150 attempts are about five minutes.
var usualPace = pace{timeout: 300 * time.Millisecond, pause: time.Second, attempts: 150, tell: 10 * time.Second}

// vacuumMost bounds the timeout behind an autovacuum.
const vacuumMost = 1500 * time.Millisecond

// tryAgain repeats a migration that did not get a lock, or that the server has rolled back
// because of a deadlock with requests. During an update, instances of the version before
// keep serving, and lock some tables in another order.
func (s *DB) tryAgain(ctx context.Context, migrate func() error) error {
	const most = 20
	deadlocks := 0
	for n := 1; ; n++ {
		s.waits.begin(n)
		err := migrate()
		switch {
		case LockNotAvailable(err):
			w := s.waits.tell(s.pace.attempts, s.pace.tell)
			if n >= s.pace.attempts {
				return fmt.Errorf("%w: %v", ErrLocked, w)
			}
			if sleep(ctx, s.pace.pause+rand.N(s.pace.pause)) != nil { // #nosec G404 -- no secret: it spreads the attempts
				return err
			}
		case !restartable(err) || deadlocks == most || pause(ctx) != nil:
			return err
		default:
			deadlocks++
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// migrationPool opens the pool of a migration on PostgreSQL, which may take long without an
// answer. Statements outside of a transaction get no SET LOCAL and no READ WRITE, so the
// connection begins without timeouts and may write. A pooler may refuse one of these, or all.
func (s *DB) migrationPool(ctx context.Context, config pq.Config) (*sql.DB, error) {
	quiet := config.Clone()
	quiet.Runtime["statement_timeout"], quiet.Runtime["lock_timeout"] = "0", "0"
	writes := quiet.Clone()
	writes.Runtime["default_transaction_read_only"] = "off"
	var db *sql.DB
	for _, c := range []pq.Config{writes, quiet, config} {
		hosts, err := newHosts(c)
		if err != nil {
			return nil, err
		}
		db = sql.OpenDB(connector{hosts: hosts, begin: s.beginMigration, opened: s.openMigration})
		if err = db.PingContext(ctx); err == nil || !errors.Is(refusedParameter(err), ErrParameter) {
			break // another error comes again where it is expected
		}
		_ = db.Close()
	}
	return db, nil
}

// explainReadOnly adds the cure if a statement outside of a transaction was not allowed to write.
func explainReadOnly(err error) error {
	if pq.As(err, pqerror.ReadOnlySQLTransaction) == nil {
		return err
	}
	return fmt.Errorf("%w; if default_transaction_read_only is on and DATABASE_URL leads to a pooler, migrate with a DATABASE_URL that leads to the server itself", err)
}

// openMigration notes the server's process. Behind a pooler it changes with each
// transaction.
func (s *DB) openMigration(ctx context.Context, conn linkedConn) error {
	return s.noteProcess(ctx, conn, `SELECT pg_catalog.pg_backend_pid()`)
}

// beginMigration turns off the server's timeouts for the transaction, except for locks.
func (s *DB) beginMigration(ctx context.Context, conn linkedConn) error {
	wait := fmt.Sprint(s.pace.timeout.Milliseconds())
	if s.waits.behindVacuum() {
		// The server cancels an autovacuum that is in the way, but only after deadlock_timeout.
		wait = fmt.Sprintf(`(SELECT least(setting::int + 300, %d) FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout')`, vacuumMost.Milliseconds())
	}
	if err := noTimeouts(ctx, conn); err != nil {
		return err
	}
	return s.noteProcess(ctx, conn, `SELECT pg_catalog.pg_backend_pid() FROM set_config('lock_timeout', (`+wait+`)::text, true)`)
}

func (s *DB) noteProcess(ctx context.Context, conn linkedConn, query string) error {
	rows, err := conn.QueryContext(ctx, query, nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	answer := make([]driver.Value, 1)
	if err := rows.Next(answer); err != nil {
		return err
	}
	pid, _ := answer[0].(int64)
	s.waits.runs(pid)
	return nil
}
