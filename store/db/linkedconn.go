package db

import (
	"context"
	"database/sql/driver"
	"sync/atomic"
	"time"
)

// Each call of a connection waits no longer than its context. Answers that are read later,
// such as further rows or that of COMMIT, belong to the latest call.

// QueryContext implements driver.QueryerContext.
func (c linkedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.link.obey(ctx)
	return c.pqConn.QueryContext(ctx, query, args)
}

// ExecContext implements driver.ExecerContext.
func (c linkedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.link.obey(ctx)
	return c.pqConn.ExecContext(ctx, query, args)
}

// PrepareContext implements driver.ConnPrepareContext.
func (c linkedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.link.obey(ctx)
	return c.pqConn.PrepareContext(ctx, query)
}

// Ping implements driver.Pinger.
func (c linkedConn) Ping(ctx context.Context) error {
	c.link.obey(ctx)
	return c.pqConn.Ping(ctx)
}

// goodbyeLimit bounds the last message to the server.
const goodbyeLimit = time.Second

// Close implements driver.Conn. The time of the latest call may be over long ago.
func (c linkedConn) Close() error {
	c.link.until = time.Now().Add(goodbyeLimit)
	return c.pqConn.Close()
}

// A connection that was idle for a while is asked for a sign of life before it is used, and
// has a part of the call's time to answer. In a busy pool hardly any is that idle.
const (
	idleTrusted = time.Second
	aliveLimit  = time.Second
	alivePart   = 4
)

// ResetSession implements driver.SessionResetter. It is called before a connection is used
// again. If it refuses one, database/sql takes another one or opens one.
func (c linkedConn) ResetSession(ctx context.Context) error {
	if c.link.broken.Load() || c.link.silences.since(c.link.heard) || ended(c.link.Conn) {
		return driver.ErrBadConn
	}
	if err := c.pqConn.ResetSession(ctx); err != nil || time.Since(c.link.heard) < idleTrusted {
		return err
	}
	limit := aliveLimit
	if end, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(end)/alivePart)
	}
	// The context of the ping is not limited. Otherwise lib/pq would log in to cancel it.
	c.link.until = time.Now().Add(limit)
	return c.pqConn.Ping(context.WithoutCancel(ctx))
}

// silences remembers when connections have last failed because no answer came. Other
// connections that were not heard since then are given up without waiting for them too.
type silences struct{ latest atomic.Pointer[time.Time] }

// note notes that a question of this time was not answered.
func (s *silences) note(asked time.Time) {
	for {
		latest := s.latest.Load()
		if latest != nil && !latest.Before(asked) || s.latest.CompareAndSwap(latest, &asked) {
			return
		}
	}
}

// since reports whether a question after heard was not answered.
func (s *silences) since(heard time.Time) bool {
	latest := s.latest.Load()
	return latest != nil && heard.Before(*latest)
}
