// Package pipetest has connections within a test, which keep nothing: each byte waits
// for its reader. Unlike the system's they can be used in a bubble of testing/synctest,
// whose clock does not wait for a busy machine.
package pipetest

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// Listener accepts what Dial opens.
type Listener struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

// Listen opens a listener.
func Listen() *Listener { return &Listener{conns: make(chan net.Conn), ended: make(chan struct{})} }

// Dial returns the client's end of a connection. Its arguments say nothing.
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

// Close ends the accepting, not the connections.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.ended) })
	return nil
}

// Addr is no address.
func (l *Listener) Addr() net.Addr { return &net.UnixAddr{Name: "test", Net: "pipe"} }

// Trickle reads n bytes ten times a second to the end, or until reading fails. After
// each it calls seen, unless that is nil, with how many there were so far.
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
