package bff

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"vestibule/internal/fair"
	"vestibule/internal/web"
)

// A program that is refused asks again at once, as often as it is answered. So a client
// that is refused often is answered late: its connections wait, which costs little, and
// do not take the processor from others. The first few are told at once, for a person who
// has mistyped a password. Nobody who is let in waits here.
const (
	refusalsAtOnce = 40
	refusalEvery   = 25 * time.Millisecond // after those
	refusalWait    = 5 * time.Second       // the longest
	refusedClients = 20_000                // remembered, about 150 bytes each

	// Behind a proxy the waiting connections of one client are connections of all.
	lateInAll = 4000
	lateOfOne = 2000
)

func newLateRoom() *fair.Room {
	return fair.New(fair.Limits{Places: lateInAll, PerKey: lateOfOne})
}

// errTooManyAtOnce says when to come again: there are none of its kind to wait for.
var errTooManyAtOnce = errTooMany.With("Retry-After", "1").With("X-Retry-After", "1")

var errBusy = web.Refuse(http.StatusServiceUnavailable, "BUSY", "Too many requests at the moment. Please try again.").With("Retry-After", "2")

// refuse returns refusal when it is time to tell the client.
func (s *Server) refuse(r *http.Request, refusal *web.Error) error {
	if t, ok := r.Context().Value(turnKey{}).(*turn); ok {
		t.leave()
	}
	client := s.client(r)
	wait := s.refusals.wait(client, time.Now())
	if wait == 0 {
		return refusal
	}
	leave, err := s.late.Enter(r.Context(), client, 1)
	if err != nil {
		return refusal // too many wait already
	}
	defer leave()
	due := time.NewTimer(wait)
	defer due.Stop()
	select {
	case <-due.C:
	case <-r.Context().Done():
	}
	return refusal
}

// pace spreads what clients are refused over time.
type pace struct {
	mu   sync.Mutex
	next *simplelru.LRU[string, time.Time] // when the client's next refusal is due
}

func newPace() (*pace, error) {
	next, err := simplelru.NewLRU[string, time.Time](refusedClients, nil)
	return &pace{next: next}, err
}

// wait returns how long from now the client's next refusal is due.
func (p *pace) wait(client string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	due, ok := p.next.Get(client)
	if first := now.Add(-refusalsAtOnce * refusalEvery); !ok || due.Before(first) {
		due = first
	}
	if due = due.Add(refusalEvery); due.Sub(now) > refusalWait {
		// They are not all told in the same moment, or they come back in one.
		return refusalWait/2 + rand.N(refusalWait/2)
	}
	p.next.Add(client, due)
	return max(0, due.Sub(now))
}
