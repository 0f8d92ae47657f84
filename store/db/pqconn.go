package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// This file works around how lib/pq 1.12 handles failing connections:
//   - A cancelled context does not end its wait for an answer; it only asks the server to
//     cancel. A frozen or unreachable server blocks the caller until TCP gives up, after a
//     quarter of an hour.
//   - A reset connection is returned as a net.OpError, which database/sql does not retry. So
//     a connection that died while idle fails a request.
//   - When a connection ends right after an error message of the server, lib/pq does not
//     notice (lib/pq#1320). The connection returns to the pool, where every user gets “there
//     is already a query being processed”.
//   - A login does not end with the caller's context either.
//   - A connection that a firewall has dropped while it was idle looks like a good one until
//     a call has waited for its answer for the whole time. The next call would then wait on
//     the next such connection.

// linkKey is the context key under which Connect receives the link from the dialer. A
// connection that lib/pq opens for a cancel request has none.
type linkKey struct{}

// dialer implements pq.DialerContext, and pq.Dialer because lib/pq requires it.
type dialer struct{}

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	return (&net.Dialer{Timeout: timeout}).DialContext(context.Background(), network, address)
}

// dialLimit bounds the time until the server's machine answers. It is short, because after
// an outage of the network TCP tries again after seconds only, and a new connection at once.
const dialLimit = 2 * time.Second

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialLimit}).DialContext(ctx, network, address)
	l, ok := ctx.Value(linkKey{}).(*link)
	if err != nil || !ok {
		return conn, err
	}
	l.Conn = conn
	l.until, _ = ctx.Deadline()
	return l, nil
}

// link is the socket of a connection.
type link struct {
	net.Conn
	silences    *silences
	established bool // after the login
	broken      atomic.Bool

	silence time.Duration // the longest wait for an answer, or 0
	until   time.Time     // the end of the wait for all answers of this call, or zero

	heard time.Time // when the latest answer came
	asked time.Time // when the first question after it was sent
}

// obey lets the call that begins now wait no longer than its context.
func (l *link) obey(ctx context.Context) {
	l.until = time.Time{}
	if end, ok := ctx.Deadline(); ok {
		l.until = end.Add(cancelTime)
	}
}

// SetDeadline is called by lib/pq to limit the login. It does not know when the caller
// gives up.
func (l *link) SetDeadline(t time.Time) error {
	if !t.IsZero() && !l.until.IsZero() && l.until.Before(t) {
		t = l.until
	}
	return l.Conn.SetDeadline(t)
}

func (l *link) Read(p []byte) (int, error) {
	l.limit(l.SetReadDeadline)
	n, err := l.Conn.Read(p)
	if err == nil {
		l.heard, l.asked = time.Now(), time.Time{}
	}
	return n, l.lost(err)
}

func (l *link) Write(p []byte) (int, error) {
	if l.asked.IsZero() {
		l.asked = time.Now()
	}
	l.limit(l.SetWriteDeadline)
	n, err := l.Conn.Write(p)
	return n, l.lost(err)
}

func (l *link) limit(set func(time.Time) error) {
	if !l.established {
		return // SetDeadline
	}
	end := l.until
	if l.silence > 0 {
		if silent := time.Now().Add(l.silence); end.IsZero() || silent.Before(end) {
			end = silent
		}
	}
	// Zero clears the deadline of an earlier call, such as the check of an idle connection.
	_ = set(end) // fails only on a closed socket, and then the next line fails too
}

// lost converts errors that end a connection into those for which lib/pq discards it.
func (l *link) lost(err error) error {
	if err == nil || !l.established {
		return err
	}
	l.broken.Store(true)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		l.silences.note(l.asked)
	}
	if err == io.EOF { //lint:ignore errorlint lib/pq compares it like this
		return err
	}
	return io.ErrUnexpectedEOF
}

// pqConn has the methods of a lib/pq connection that database/sql uses.
type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// linkedConn leaves the pool when its link is broken.
type linkedConn struct {
	pqConn
	link  *link
	begin hook // see connector
}

// IsValid implements driver.Validator.
func (c linkedConn) IsValid() bool { return !c.link.broken.Load() && c.pqConn.IsValid() }
