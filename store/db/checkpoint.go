package db

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// SQLite copies its log into the database every thousand pages. But it starts the log file
// again from the beginning only at a moment when nobody reads from it. With many readers
// that moment never comes: the file grows, and each read searches all of it. So once the
// log has this size, writers wait until the readers of old snapshots are done.
const (
	walLimit = 16 << 20
	walWait  = 500 * time.Millisecond // for those readers; after that it tries again later
)

// checkpoints watches the size of the log.
type checkpoints struct {
	path  string
	limit int64
	from  atomic.Int64 // the size at which it acts: limit, or more after an attempt that failed
	wake  chan struct{}
	stop  context.CancelFunc
	done  chan struct{}
}

func (s *DB) startCheckpoints(path string) {
	ctx, stop := context.WithCancel(context.Background())
	c := &checkpoints{path: path + "-wal", limit: walLimit, wake: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	c.from.Store(c.limit)
	s.checkpoints = c
	go func() {
		defer close(c.done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-c.wake:
			}
			next := c.limit
			if s.checkpoint(ctx) != nil { // readers would block it again
				next = c.size() + c.limit/4
			}
			c.from.Store(next)
		}
	}()
}

func (c *checkpoints) size() int64 {
	info, err := os.Stat(c.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// written is called after each write, before its caller returns.
func (c *checkpoints) written() {
	if c == nil || c.size() < c.from.Load() {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *checkpoints) close() {
	if c != nil {
		c.stop()
		<-c.done
	}
}

// checkpoint copies the whole log into the database and empties it. It waits for its turn
// among the writers.
func (s *DB) checkpoint(ctx context.Context) error {
	release, err := s.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer release()
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var before int64
	if err := conn.QueryRowContext(ctx, `PRAGMA busy_timeout`).Scan(&before); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout = %d`, walWait.Milliseconds())); err != nil {
		return err
	}
	// ctx may have ended, so it is not used here.
	defer func() { _, _ = conn.ExecContext(context.Background(), fmt.Sprintf(`PRAGMA busy_timeout = %d`, before)) }()
	var busy bool
	var pages, copied int64
	if err := conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &copied); err != nil {
		return err
	}
	if busy {
		return ErrUnavailable
	}
	return nil
}
