package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// watch is a connection that only tells whether others have written.
type watch struct {
	pool    *sql.DB
	conn    *sql.Conn // always the same one, because SQLite counts per connection
	changes *sql.Stmt
	latest  atomic.Pointer[counters]

	// asking is held by the one who uses conn. Two at once would reset each other's statement.
	asking sync.Mutex
}

// counters are the state of the file at a time.
type counters struct {
	at       time.Time
	changes  int64 // differs after any write
	sessions int64 // of the table session_changes; differs after the end or change of a session
}

// countersFor is how long they are used without another query. A change by another process is
// noticed that late.
const countersFor = 20 * time.Millisecond

func newWatch(ctx context.Context, pool *sql.DB) (*watch, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	changes, err := conn.PrepareContext(ctx, `PRAGMA data_version`)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &watch{pool: pool, conn: conn, changes: changes}, nil
}

func (w *watch) close() error {
	return errors.Join(w.changes.Close(), w.conn.Close(), w.pool.Close())
}

// Version returns a number that tells whether earlier reads of sessions and their users are
// still current. It makes no query on PostgreSQL. On SQLite it makes two small ones, at most
// every 20 ms.
//
// On SQLite the number changes when any process ends or changes a session, or changes a user.
// On PostgreSQL it changes when notifications may have been missed: earlier reads are current,
// except for what WatchSessions has told. It returns an error while notifications do not
// arrive.
//
// On both it returns an error while triggers are missing, disabled or changed, see
// CheckTriggers.
func (s *DB) Version(ctx context.Context) (int64, error) {
	found := s.triggers.found.Load()
	if found != nil && found.fault != nil {
		return 0, found.fault
	}
	n, err := s.version(ctx, found)
	return n + s.triggers.faults.Load(), err // both only grow
}

func (s *DB) version(ctx context.Context, found *foundTriggers) (int64, error) {
	if s.listener != nil {
		if found == nil {
			return 0, errTriggersUnchecked
		}
		return s.listener.version(found.state)
	}
	if err := s.file.checkSometimes(); err != nil {
		return 0, fmt.Errorf("version of the sessions: %w", err)
	}
	c, err := s.watch.counters(ctx)
	if err != nil {
		return 0, fmt.Errorf("version of the sessions: %w", err)
	}
	return c.sessions, nil
}

// counters returns the counters of the last countersFor.
func (w *watch) counters(ctx context.Context) (*counters, error) {
	if last := w.latest.Load(); last.current() {
		return last, nil
	}
	w.asking.Lock()
	defer w.asking.Unlock()
	last := w.latest.Load()
	if last.current() { // another one has asked meanwhile
		return last, nil
	}
	ctx = context.WithoutCancel(ctx) // a caller that leaves must not interrupt the only connection
	c := &counters{at: time.Now()}
	var err error
	if c.changes, err = w.askChanges(ctx); err != nil {
		return nil, err
	}
	if last != nil && last.changes == c.changes {
		c.sessions = last.sessions
	} else if err := w.conn.QueryRowContext(ctx, `SELECT n FROM session_changes`).Scan(&c.sessions); err != nil {
		return nil, err
	}
	w.latest.Store(c)
	return c, nil
}

// current reports whether c, which may be nil, can be used without another query.
func (c *counters) current() bool { return c != nil && time.Since(c.at) < countersFor }

// countChanges returns a number that differs after any write to the file.
func (w *watch) countChanges(ctx context.Context) (int64, error) {
	w.asking.Lock()
	defer w.asking.Unlock()
	return w.askChanges(ctx)
}

// askChanges is countChanges for a caller that holds asking.
func (w *watch) askChanges(ctx context.Context) (n int64, err error) {
	err = w.changes.QueryRowContext(context.WithoutCancel(ctx)).Scan(&n) // likewise
	return n, err
}
