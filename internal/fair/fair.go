// Package fair shares a fixed number of places between keys, such as the
// addresses of clients or the ids of users.
//
// Its guarantees:
//
//   - No key has more than its share of the places. A free place goes to the waiting key
//     that holds the least, in turn between equals. So no request waits behind all requests
//     of another key.
//   - The queue is bounded. When it is full, a newcomer replaces the latest request of the
//     key with the most waiting requests. If that is the newcomer's own key, the newcomer
//     is refused.
//   - A room remembers a key only while the key holds places or waits.
//
// A place may be anything that can be counted: a computation, a connection, a byte of
// memory. Room.Enter takes several at once.
package fair

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Limits are the bounds of a Room.
type Limits struct {
	Places      int           // total places, more than 0
	PerKey      int           // places of one key; 0: Places
	Queue       int           // total requests that may wait; 0: none
	QueuePerKey int           // waiting requests of one key; 0: Queue
	Wait        time.Duration // longest wait; 0: until the context ends

	// Ask, if it is set, is called with the key of each request that begins to wait. It may
	// make the key give a place back. Then requests wait only while their own key has its full
	// share. When all places are taken, ErrAll comes at once.
	Ask func(key string)
}

// The errors of Enter when there is no place. Each is a Full.
var (
	// ErrKey means that the key holds or asks for too much. Other keys may still get
	// places.
	ErrKey error = Full("too much is under way for this key")
	// ErrAll means that there is no place for any key.
	ErrAll error = Full("too much is under way")
)

// Full is the type of both errors.
type Full string

func (f Full) Error() string { return "fair: " + string(f) }

// Room has places for many keys. Make one with New.
type Room struct {
	limits Limits

	mu      sync.Mutex
	used    int
	waiting int
	keys    map[string]*holder
	turns   []*holder // keys with waiting requests; the first has waited longest for its turn
	spare   []*holder // for other keys, so that a key that comes and goes allocates nothing
}

// maxSpare bounds Room.spare.
const maxSpare = 64

// holder is a key that holds places or waits for some.
type holder struct {
	key  string
	used int
	line []*waiter // in order of arrival
}

type waiter struct {
	n    int
	done chan error // buffers one result: nil with the places, or the refusal
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

// SetPerKey changes how many places one key may have, from now on. A key that has more keeps them.
func (r *Room) SetPerKey(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.limits.PerKey = n
	r.serve() // a larger share may fit requests that wait
}

// Enter takes n places for the key. If the room has a queue, it waits for them. leave gives
// them back and may be called more than once. Without a place the error is ErrKey, ErrAll
// or the context's. Asking for more than a key can ever have is ErrKey.
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
		if r.limits.Ask != nil {
			r.limits.Ask(key)
		}
		if err := r.wait(ctx, h, w); err != nil {
			return nil, err
		}
	}
	return sync.OnceFunc(func() { r.leave(h, n) }), nil
}

// Place is what Take has given. The zero Place is none.
type Place struct {
	room *Room
	h    *holder
	n    int
}

// Take is Enter in a room without a queue, where nobody waits. It is cheaper: it allocates
// nothing to give the places back.
func (r *Room) Take(key string, n int) (Place, error) {
	if r.limits.Queue > 0 {
		panic("fair: Take in a room with a queue")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.holder(key)
	if _, err := r.admit(h, n); err != nil {
		r.forget(h)
		return Place{}, err
	}
	return Place{r, h, n}, nil
}

// Held reports whether p has to be given back.
func (p *Place) Held() bool { return p.room != nil }

// Leave gives p back. Only the first call does something. It is not for several goroutines at
// once.
func (p *Place) Leave() {
	if p.Held() {
		p.room.leave(p.h, p.n)
		*p = Place{}
	}
}

// admit gives h the places, or returns a waiter for them.
func (r *Room) admit(h *holder, n int) (*waiter, error) {
	if n > min(r.limits.PerKey, r.limits.Places) {
		return nil, ErrKey
	}
	// Do not overtake requests that wait already, unless all their keys have their full
	// share.
	if len(h.line) == 0 && r.fits(h, n) && r.next() == nil {
		r.take(h, n)
		return nil, nil
	}
	full := h.used+n > r.limits.PerKey
	switch {
	case r.limits.Queue <= 0 && full:
		return nil, ErrKey
	case r.limits.Queue <= 0, r.limits.Ask != nil && !full:
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

// displace refuses the latest waiting request of the key with the longest line. It does
// nothing if the line of h, with one more, would be as long.
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

// wait waits for the places, until the limit of the wait or the end of the context.
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
		if err == nil && ctx.Err() != nil { // both at once: the caller has left and takes nothing
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
	case err := <-w.done: // the result arrived meanwhile
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
	r.serve() // requests behind it may fit now
	return why
}

func (r *Room) leave(h *holder, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.give(h, n)
}

// give puts places back and hands them on. The waiting requests of other keys go first.
// Otherwise a key that always has waiting requests would follow itself, and a newcomer
// would wait for two.
func (r *Room) give(h *holder, n int) {
	h.used -= n
	r.used -= n
	r.hadTurn(h)
	r.serve()
	r.forget(h)
}
