package main

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// tripCounter stands between a program and PostgreSQL and counts round trips: how often a
// connection sends something after it has received something.
type tripCounter struct {
	listener net.Listener
	target   string
	trips    atomic.Int64

	mu    sync.Mutex
	conns []net.Conn
}

func newTripCounter(target string) (*tripCounter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &tripCounter{listener: listener, target: target}
	go c.accept()
	return c, nil
}

func (c *tripCounter) addr() string { return c.listener.Addr().String() }

func (c *tripCounter) stop() {
	_ = c.listener.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}

func (c *tripCounter) accept() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return // stopped
		}
		server, err := net.Dial("tcp", c.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		c.mu.Lock()
		c.conns = append(c.conns, client, server)
		c.mu.Unlock()
		var answered atomic.Bool // since the last request of the client
		answered.Store(true)
		go pass(server, client, func() {
			if answered.Swap(false) {
				c.trips.Add(1)
			}
		})
		go pass(client, server, func() { answered.Store(true) })
	}
}

// pass copies from one connection to another, and calls note before each part.
func pass(to, from net.Conn, note func()) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			note()
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				_ = from.Close()
			}
			return
		}
	}
}
