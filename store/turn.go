package store

import (
	"context"
	"os"
	"sync"
)

// turn is taken by one writer of a SQLite file at a time, in order: first among those of
// this process, then among processes. SQLite alone would have them poll for its lock,
// and who has no luck waits until the call times out.
//
// It is for writers that know it. SQLite's own lock, which each takes next, is for all.
type turn struct {
	local chan struct{} // full while somebody here writes or waits for other processes; senders are served in order
	file  *os.File      // nil where processes cannot queue up

	mu     sync.Mutex // guards queued and its wanted
	queued *place
}

// place is one in the queue of processes. Who gives up waiting leaves it to the next
// writer here; the system's queue cannot be left.
type place struct {
	wanted bool
	got    chan struct{} // closed when the turn is ours, or err tells why not
	err    error
}

func newTurn(f *os.File) *turn {
	t := &turn{local: make(chan struct{}, 1)}
	if canTakeTurns(f) {
		t.file = f
	}
	return t
}

// takeTurn waits for the turn of whoever writes, or checkpoints, and makes sure that the
// file is there. On PostgreSQL all write at once.
func (s *Store) takeTurn(ctx context.Context) (release func(), err error) {
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
	if err := t.among(ctx); err != nil {
		<-t.local
		return nil, err
	}
	return func() {
		if t.file != nil {
			passTurn(t.file)
		}
		<-t.local
	}, nil
}

// among takes the turn of this process among others.
func (t *turn) among(ctx context.Context) error {
	if t.file == nil {
		return nil
	}
	t.mu.Lock()
	p := t.queued
	if p == nil {
		if tryTurn(t.file) {
			t.mu.Unlock()
			return nil
		}
		p = &place{got: make(chan struct{})}
		t.queued = p
		go t.queue(p)
	}
	p.wanted = true
	t.mu.Unlock()
	select {
	case <-p.got:
		return p.err
	case <-ctx.Done():
		return t.leave(ctx, p)
	}
}

// queue waits in the system's queue.
func (t *turn) queue(p *place) {
	p.err = waitTurn(t.file)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queued = nil
	if p.err == nil && !p.wanted {
		passTurn(t.file)
	}
	close(p.got)
}

func (t *turn) leave(ctx context.Context, p *place) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.queued == p {
		p.wanted = false
	} else if p.err == nil {
		passTurn(t.file) // it came at the same moment
	}
	return ctx.Err()
}
