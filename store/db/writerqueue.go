package db

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// turn lets the writers of a SQLite file take turns in order: first among the writers of this
// process, then among processes. SQLite alone makes them poll for its lock, and an unlucky
// writer polls until its call times out.
//
// The turn only sets the order. After it, each writer takes SQLite's own lock, which is what
// protects the data. So if a process in the queue is stopped (SIGSTOP, a paused container),
// the others wait for turnWait and then go on without the turn.
type turn struct {
	local chan struct{} // full while a writer of this process has the turn or waits for it; senders are served in order
	file  *os.File      // nil where processes cannot queue up
	wait  time.Duration // for other processes

	mu     sync.Mutex // guards all below, and wanted of queued
	queued *place
	users  int    // of file: a writer, and the goroutine that queues
	ended  bool   // no writer may begin
	closes func() // closes file after the last user
}

// turnWait is longer than a healthy writer takes.
const turnWait = time.Second

// place is a place in the queue of processes. A writer that stops waiting leaves its place to
// the next writer of this process, because one cannot leave the system's queue.
type place struct {
	wanted   bool
	timedOut bool          // waited for the whole time limit
	got      chan struct{} // closed when the turn is ours, or err tells why not
	err      error
}

func newTurn(f *os.File) *turn {
	t := &turn{local: make(chan struct{}, 1), wait: turnWait}
	if canTakeTurns(f) {
		t.file = f
	}
	return t
}

// takeTurn waits for the turn to write, and checks that the file was not replaced. On
// PostgreSQL there are no turns.
func (s *DB) takeTurn(ctx context.Context) (release func(), err error) {
	if s.turn == nil {
		return func() {}, nil
	}
	if release, err = s.turn.take(ctx); err != nil {
		return nil, err
	}
	if err := s.file.check(); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// take waits for the turn, until ctx ends.
func (t *turn) take(ctx context.Context) (release func(), err error) {
	select {
	case t.local <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !t.use() {
		<-t.local
		return nil, errClosed
	}
	has, err := t.among(ctx)
	if err != nil {
		t.unuse()
		<-t.local
		return nil, err
	}
	return func() {
		if has {
			passTurn(t.file)
		}
		t.unuse()
		<-t.local
	}, nil
}

var errClosed = errors.New("the database is closed")

// use keeps the file open until unuse. It returns false after end.
func (t *turn) use() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return false
	}
	t.users++
	return true
}

func (t *turn) unuse() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.users--; t.users == 0 && t.closes != nil {
		t.closes()
	}
}

// end releases the locks of the file and closes it, at once or after its last user. It does
// not wait: the goroutine that queues for a writer which has given up cannot leave the
// system's queue, and the process before it may be stopped. If the file were closed under it,
// it would lock whatever file gets the number of the descriptor next.
func (t *turn) end(f *file) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return nil
	}
	t.ended = true
	f.unlock()
	if t.users > 0 {
		t.closes = func() { _ = f.closeHandle() } // nothing was written to it
		return nil
	}
	return f.closeHandle()
}

// among takes the turn among processes. If has is true, it must be passed on.
func (t *turn) among(ctx context.Context) (has bool, err error) {
	if t.file == nil {
		return false, nil
	}
	t.mu.Lock()
	p := t.queued
	if p == nil {
		if tryTurn(t.file) {
			t.mu.Unlock()
			return true, nil
		}
		p = &place{got: make(chan struct{})}
		t.queued = p
		t.users++
		go t.queue(p)
	} else if p.timedOut {
		t.mu.Unlock()
		return false, nil
	}
	p.wanted = true
	t.mu.Unlock()
	limit := time.NewTimer(t.wait)
	defer limit.Stop()
	select {
	case <-p.got:
		return p.err == nil, p.err
	case <-limit.C:
		return t.leave(p, true), nil
	case <-ctx.Done():
		if t.leave(p, false) {
			passTurn(t.file)
		}
		return false, ctx.Err()
	}
}

// queue waits in the operating system's queue.
func (t *turn) queue(p *place) {
	defer t.unuse()
	p.err = waitTurn(t.file)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queued = nil
	if p.err == nil && !p.wanted {
		passTurn(t.file)
	}
	close(p.got)
}

// leave ends the wait, and reports whether the turn came at the same moment.
func (t *turn) leave(p *place, timedOut bool) (has bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.queued == p {
		p.wanted, p.timedOut = false, timedOut
		return false
	}
	return p.err == nil
}
