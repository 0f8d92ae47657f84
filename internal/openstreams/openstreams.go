// Package openstreams counts open streams by key, such as a user or a session.
//
// A load balancer may not pass on that a client has left until something is written to the
// client. HAProxy is one. So a stream that nobody reads keeps its place until its next
// heartbeat, and a client that connects again a few times would find no place.
//
// The guarantees:
//
//   - No key has more than its share of the places.
//   - When a key has its full share, its streams are asked whether they still have a client,
//     and a new stream waits up to a second for a place. A stream that lives is never ended.
//   - A stream is asked at most four times in 15 seconds, and only while a new one of its key
//     waits. At most four of a key wait.
//   - When the places of all keys are taken, a new stream is refused at once. It does not wait
//     for others.
package openstreams

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/fair"
)

const (
	// Wait is how long a new stream waits for a place of its key.
	Wait = time.Second
	// most new streams of a key wait at a time.
	most = 4
	// pause is the time between two questions to the streams of a key. One question is not
	// enough: HAProxy sends the first one to the client, and closes when it cannot send the
	// second, because the client's reset has arrived meanwhile.
	pause = Wait / 5
	// A stream is asked so many times, and then not for a while: a client that lives and asks
	// for more streams than it may have must not make all of them write without end. By then
	// a heartbeat has come.
	questions = 4
	rest      = 15 * time.Second
)

// Room has places for streams. Make one with New.
type Room struct {
	places *fair.Room

	mu   sync.Mutex
	keys map[string]*holder // with open streams
}

// holder is a key with its open streams.
type holder struct {
	streams map[*stream]struct{}
	asking  bool // they were asked less than a pause ago
}

type stream struct {
	ask   func()
	first time.Time // the first question of the present round; guarded by Room.mu
	asked int       // questions in it; guarded by Room.mu
}

// due reports whether the stream may be asked now, and counts the question.
func (s *stream) due(now time.Time) bool {
	if now.Sub(s.first) >= rest {
		s.first, s.asked = now, 0
	}
	if s.asked == questions {
		return false
	}
	s.asked++
	return true
}

// New returns an empty room with a total of places, of which a key may have perKey.
func New(places, perKey int) *Room {
	if perKey <= 0 {
		perKey = places
	}
	r := &Room{keys: map[string]*holder{}}
	r.places = fair.New(fair.Limits{Places: places, PerKey: perKey, Queue: places, QueuePerKey: min(perKey, most), Wait: Wait, Ask: r.ask})
	return r
}

// Measure registers how many streams are open, and how many wait for a place.
func (r *Room) Measure(to prometheus.Registerer, surface, name string) {
	r.places.Measure(to, surface, name)
}

// Enter takes a place for a stream of the key. leave gives it back and may be called more
// than once. Without a place the error is a fair.Full or the context's.
//
// Until leave is called, ask may be called at any time to find out whether the stream still
// has a client: it should make the stream write something harmless. It must not block.
func (r *Room) Enter(ctx context.Context, key string, ask func()) (leave func(), err error) {
	leavePlace, err := r.places.Enter(ctx, key, 1)
	if err != nil {
		return nil, err
	}
	s := &stream{ask: ask}
	r.add(key, s)
	return sync.OnceFunc(func() {
		r.remove(key, s)
		leavePlace()
	}), nil
}

func (r *Room) add(key string, s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.keys[key]
	if h == nil {
		h = &holder{streams: map[*stream]struct{}{}}
		r.keys[key] = h
	}
	h.streams[s] = struct{}{}
}

func (r *Room) remove(key string, s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.keys[key]
	delete(h.streams, s)
	if len(h.streams) == 0 {
		delete(r.keys, key)
	}
}

// ask asks the streams of the key while a new one waits.
func (r *Room) ask(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.keys[key]
	if h == nil || h.asking {
		return
	}
	h.asking = true
	go r.askAll(key, h)
}

func (r *Room) askAll(key string, h *holder) {
	for _, s := range r.toAsk(key, h) {
		s.ask()
	}
}

// toAsk returns the streams to ask now, and sees to the next question. There are none when no
// stream waits any more.
func (r *Room) toAsk(key string, h *holder) []*stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	h.asking = r.keys[key] == h && r.places.Waiting(key) > 0
	if !h.asking {
		return nil
	}
	time.AfterFunc(pause, func() { r.askAll(key, h) })
	return slices.DeleteFunc(slices.Collect(maps.Keys(h.streams)), func(s *stream) bool { return !s.due(now) })
}

// Load returns how many places are taken and how many streams wait for one, in total.
func (r *Room) Load() (taken, waiting int) { return r.places.Load() }
