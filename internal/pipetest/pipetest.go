// Package pipetest provides connections inside a test. They buffer nothing: each byte waits
// for its reader. Unlike real connections they work in a bubble of testing/synctest, whose
// clock does not depend on how busy the machine is.
package pipetest

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// Listener accepts the connections that Dial opens.
type Listener struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

// Listen opens a listener.
func Listen() *Listener { return &Listener{conns: make(chan net.Conn), ended: make(chan struct{})} }

// Dial returns the client's end of a connection. It ignores its arguments.
func (l *Listener) Dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

// Accept returns the server's end.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

// Close stops accepting. Connections stay open.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.ended) })
	return nil
}

// Addr returns a fixed address.
func (l *Listener) Addr() net.Addr { return &net.UnixAddr{Name: "test", Net: "pipe"} }

// Trickle reads n bytes ten times a second, until the end or an error. After each read it
// calls seen, unless that is nil, with the number of bytes so far.
func Trickle(r io.Reader, n int64, seen func(total int64)) (total int64) {
	for {
		got, err := io.CopyN(io.Discard, r, n)
		total += got
		if seen != nil {
			seen(total)
		}
		if err != nil {
			return total
		}
		time.Sleep(100 * time.Millisecond)
	}
}
