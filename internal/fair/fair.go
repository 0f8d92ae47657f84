// Package fair shares a fixed number of places between keys, such as the
// addresses of clients or the ids of users.
//
// It promises:
//   - No key has more than its share of the places, and none of a key's requests
//     waits behind all those of another: a place that becomes free goes to the
//     waiting key that holds the least, and between equals in turn.
//   - At most as many wait as there are places in the queue. Where it is full, a
//     newcomer takes the place of the latest of the key that has the most waiting;
//     only when that is its own key is the newcomer refused.
//   - A room remembers a key for no longer than it holds something or waits.
//
// A place may be anything that can be counted: a computation, a connection, a
// byte of memory. Room.Enter takes several at once.
package fair

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Limits say what a Room has. The zero values of PerKey, Queue, QueuePerKey and
// Wait are explained with each.
type Limits struct {
	Places      int           // in all, more than 0
	PerKey      int           // of one key; 0: as many as there are
	Queue       int           // who may wait, in all; 0: nobody
	QueuePerKey int           // who may wait of one key; 0: as many as Queue
	Wait        time.Duration // longest wait; 0: as long as the context lets it
}

// The errors of a room without a place. Each is a Full.
var (
	// ErrKey means that the key itself holds or asks for too much: others may be let in.
	ErrKey error = Full("too much is under way for this key")
	// ErrAll means that there is no place for anybody.
	ErrAll error = Full("too much is under way")
)

// Full is what both errors have in common.
type Full string

func (f Full) Error() string { return "fair: " + string(f) }

// Room has places for many keys. Make one with New.
type Room struct {
	limits Limits

	mu      sync.Mutex
	used    int
	waiting int
	keys    map[string]*holder
	turns   []*holder // those with somebody waiting; the first has waited for its turn the longest
}

// holder is a key that holds places or waits for some.
type holder struct {
	key  string
	used int
	line []*waiter // the first came first
}

type waiter struct {
	n    int
	done chan error // has room for one: nil with the places, or why there are none
}

// New returns an empty room.
func New(l Limits) *Room {
	if l.Places <= 0 {
		panic("fair: a room without places")
	}
	if l.PerKey <= 0 {
		l.PerKey = l.Places
	}
	if l.QueuePerKey <= 0 {
		l.QueuePerKey = l.Queue
	}
	return &Room{limits: l, keys: map[string]*holder{}}
}

// Enter takes n places for the key, and waits for them where the room has a queue.
// leave gives them back; it may be called more than once. Without a place the error
// is ErrKey, ErrAll or the context's. More than a key can ever have is ErrKey.
func (r *Room) Enter(ctx context.Context, key string, n int) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("fair: %w", err)
	}
	r.mu.Lock()
	h := r.holder(key)
	w, err := r.admit(h, n)
	if err != nil {
		r.forget(h)
	}
	r.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if w != nil {
		if err := r.wait(ctx, h, w); err != nil {
			return nil, err
		}
	}
	return sync.OnceFunc(func() { r.leave(h, n) }), nil
}

// admit gives h the places, or a waiter that will be told of them.
func (r *Room) admit(h *holder, n int) (*waiter, error) {
	if n > min(r.limits.PerKey, r.limits.Places) {
		return nil, ErrKey
	}
	// Nobody is overtaken: who waits was there before, unless all who wait have
	// their key's share already.
	if len(h.line) == 0 && r.fits(h, n) && r.next() == nil {
		r.take(h, n)
		return nil, nil
	}
	if r.limits.Queue <= 0 {
		if h.used+n > r.limits.PerKey {
			return nil, ErrKey
		}
		return nil, ErrAll
	}
	if len(h.line) >= r.limits.QueuePerKey {
		return nil, ErrKey
	}
	if r.waiting >= r.limits.Queue && !r.displace(h) {
		if len(h.line) > 0 {
			return nil, ErrKey
		}
		return nil, ErrAll
	}
	w := &waiter{n: n, done: make(chan error, 1)}
	if len(h.line) == 0 {
		r.turns = append(r.turns, h)
	}
	h.line = append(h.line, w)
	r.waiting++
	return w, nil
}

// displace sends the latest of the key with the longest line away, unless h has as
// long a line with one more.
func (r *Room) displace(h *holder) bool {
	if r.waiting == len(r.turns) { // one of each key
		return false
	}
	longest := h
	for _, other := range r.turns {
		if len(other.line) > len(longest.line) {
			longest = other
		}
	}
	if len(longest.line) <= len(h.line)+1 {
		return false
	}
	last := longest.line[len(longest.line)-1]
	r.unqueue(longest, last)
	last.done <- ErrKey
	return true
}

// wait waits for the places, and gives up when it takes too long.
func (r *Room) wait(ctx context.Context, h *holder, w *waiter) error {
	var late <-chan time.Time
	if r.limits.Wait > 0 {
		timer := time.NewTimer(r.limits.Wait)
		defer timer.Stop()
		late = timer.C
	}
	var why error
	select {
	case err := <-w.done:
		if err == nil && ctx.Err() != nil { // both at once: who has left takes nothing
			r.leave(h, w.n)
			return fmt.Errorf("fair: %w", ctx.Err())
		}
		return err
	case <-late:
		why = ErrAll
	case <-ctx.Done():
		why = fmt.Errorf("fair: %w", ctx.Err())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case err := <-w.done: // it came meanwhile
		if err == nil && errors.Is(why, ErrAll) {
			return nil
		}
		if err == nil {
			r.give(h, w.n)
			return why
		}
		return err
	default:
	}
	if h.used > 0 && h.used+w.n > r.limits.PerKey && errors.Is(why, ErrAll) {
		why = ErrKey
	}
	r.unqueue(h, w)
	r.forget(h)
	r.serve() // who waited behind it may fit
	return why
}

func (r *Room) leave(h *holder, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.give(h, n)
}

// give puts places back and hands them on. Whoever came while the key had them goes
// first: a key that always has somebody waiting would else be its own successor, and a
// newcomer would wait for two.
func (r *Room) give(h *holder, n int) {
	h.used -= n
	r.used -= n
	r.hadTurn(h)
	r.serve()
	r.forget(h)
}
