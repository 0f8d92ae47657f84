package db

import (
	"context"
	"database/sql/driver"
	"io"
	"net"
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

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	place, ok := ctx.Value(linkKey{}).(**link)
	if err != nil || !ok {
		return conn, err
	}
	*place = &link{Conn: conn}
	return *place, nil
}

// link is the socket of a connection. During the login of lib/pq it is an ordinary socket.
type link struct {
	net.Conn
	silence     time.Duration
	established bool
	broken      atomic.Bool
}

func (l *link) Read(p []byte) (int, error) {
	l.limit(l.SetReadDeadline)
	n, err := l.Conn.Read(p)
	return n, l.lost(err)
}

func (l *link) Write(p []byte) (int, error) {
	l.limit(l.SetWriteDeadline)
	n, err := l.Conn.Write(p)
	return n, l.lost(err)
}

func (l *link) limit(set func(time.Time) error) {
	if l.silence > 0 {
		_ = set(time.Now().Add(l.silence)) // fails only on a closed socket, and then the next line fails too
	}
}

// lost converts errors that end a connection into those for which lib/pq discards it.
func (l *link) lost(err error) error {
	if err == nil || !l.established {
		return err
	}
	l.broken.Store(true)
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

// ResetSession implements driver.SessionResetter.
func (c linkedConn) ResetSession(ctx context.Context) error {
	if c.link.broken.Load() {
		return driver.ErrBadConn
	}
	return c.pqConn.ResetSession(ctx)
}
