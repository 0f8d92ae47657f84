package roundtrip

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// pool holds the idle connections. The latest one is used first, so those that only a burst has
// needed get old and are closed. No goroutine waits for an idle connection: whether it still
// works is checked when it is used. A timer closes the old ones. It runs only while there are
// any, so an idle process does nothing.
//
// A connection rests for a moment after an answer that has no body by its status or method. Some
// servers send one all the same, a moment after the header: it would be taken for the answer to
// the next request, which may be another user's. When it has arrived, the connection is closed.
type pool struct {
	mu    sync.Mutex
	idle  []*conn // in the order in which they became idle
	timer *time.Timer
	timed bool // the timer runs

	rest time.Duration // 0: usualRest
}

// get takes a connection that was idle for less than timeout and that still works. It returns
// nil if there is none.
func (p *pool) get(timeout time.Duration) *conn {
	for {
		c := p.pop()
		if c == nil {
			return nil
		}
		if time.Since(c.since) < timeout && c.quiet() {
			c.sent, c.answered = false, false
			return c
		}
		_ = c.Close()
	}
}

func (p *pool) pop() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.idle) - 1; i >= 0; i-- {
		c := p.idle[i]
		if c.bodiless && time.Since(c.since) < cmp.Or(p.rest, usualRest) {
			continue
		}
		p.idle = slices.Delete(p.idle, i, i+1) // which clears the last element
		return c
	}
	return nil
}

// usualRest is longer than a server on the same network takes between its writes of header and
// body.
const usualRest = 100 * time.Millisecond

// put keeps c for timeout, or closes it if there are most idle connections already.
func (p *pool) put(c *conn, most int, timeout time.Duration) {
	p.mu.Lock()
	if len(p.idle) >= most {
		p.mu.Unlock()
		_ = c.Close()
		return
	}
	defer p.mu.Unlock()
	c.since = time.Now()
	p.idle = append(p.idle, c)
	if !p.timed {
		p.timed = true
		p.timer = time.AfterFunc(timeout, func() { p.closeOld(timeout) })
	}
}

// closeOld closes the connections that were idle for timeout.
func (p *pool) closeOld(timeout time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := 0
	for old < len(p.idle) && time.Since(p.idle[old].since) >= timeout {
		old++
	}
	p.close(old)
	p.timed = len(p.idle) > 0
	if p.timed {
		p.timer.Reset(timeout - time.Since(p.idle[0].since))
	}
}

func (p *pool) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.close(len(p.idle))
}

// close closes the n connections that were idle for longest. p.mu is held.
func (p *pool) close(n int) {
	for _, c := range p.idle[:n] {
		_ = c.Close()
	}
	p.idle = slices.Delete(p.idle, 0, n)
}
