package bff

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"vestibule/bff/session"
	"vestibule/internal/fair"
	"vestibule/internal/web"
)

// A refused program often repeats its request at once. So the refusals of a client that
// is refused often are delayed. A waiting connection costs little and does not take the
// processor from others. The first few refusals are sent at once, for a person who has
// mistyped a password. Successful requests never wait here.
//
// Two kinds of refusals are delayed, and counted separately:
//
//   - Refusals that only a program meets often: past a limit, for a made-up link, or
//     for the cookie of a session that is already known to have ended.
//   - "No session". All visitors behind one address may get it when they arrive.
const (
	refusalsAtOnce  = 40
	refusalEvery    = 25 * time.Millisecond // between later ones
	noSessionAtOnce = 400
	noSessionEvery  = 2500 * time.Microsecond
	refusalWait     = 5 * time.Second // the longest
	refusedClients  = 20_000          // in memory, about 150 bytes each

	// Behind a proxy, all clients share the connections, so waiting answers are bounded.
	delayedInAll     = 4000
	delayedPerClient = 2000
)

func newDelayRoom() *fair.Room {
	return fair.New(fair.Limits{Places: delayedInAll, PerKey: delayedPerClient})
}

// errTooManyAtOnce refuses too many concurrent requests. The client may retry after a
// second: no counter has to expire first.
var errTooManyAtOnce = errTooMany.With("Retry-After", "1").With("X-Retry-After", "1")

// refuse returns refusal and delays the answer if the client is refused often.
func (s *Server) refuse(r *http.Request, refusal *web.Error) error {
	s.delayAnswer(r, s.refusals)
	return refusal
}

// noSession delays the answer that there is no session. err is the reason.
func (s *Server) noSession(r *http.Request, err error) {
	if errors.Is(err, session.ErrTooOften) {
		s.delayAnswer(r, s.refusals)
	} else {
		s.delayAnswer(r, s.noSessions)
	}
}

// noteTooLarge delays the refusal of a body that is too large, if the client sends many.
// Such bodies cost more to receive than to refuse.
func (s *Server) noteTooLarge(r *http.Request, err error) {
	if e, ok := errors.AsType[*web.Error](err); ok && e.Status == http.StatusRequestEntityTooLarge {
		s.delayAnswer(r, s.refusals)
	}
}

// delayAnswer delays the answer to r as p says. A request that has a place waits after its
// handler has returned, so that it holds no place while it waits (withPlace).
func (s *Server) delayAnswer(r *http.Request, p *pace) {
	if s.cfg.RateLimitOff {
		return
	}
	if t, ok := r.Context().Value(admissionKey{}).(*admission); ok {
		t.delay = p
		return
	}
	s.await(r, p)
}

func (s *Server) await(r *http.Request, p *pace) {
	client := s.client(r)
	wait := p.wait(client, time.Now())
	if wait == 0 {
		return
	}
	leave, err := s.delayed.Enter(r.Context(), client, 1)
	if err != nil {
		return // too many wait already
	}
	defer leave()
	due := time.NewTimer(wait)
	defer due.Stop()
	select {
	case <-due.C:
	case <-r.Context().Done():
	}
}

// pace limits how fast each client receives refusals.
type pace struct {
	atOnce  int
	every   time.Duration
	longest time.Duration

	mu   sync.Mutex
	next *simplelru.LRU[string, time.Time] // when the client's next refusal is due
}

func newPace(atOnce int, every time.Duration) (*pace, error) {
	next, err := simplelru.NewLRU[string, time.Time](refusedClients, nil)
	return &pace{atOnce: atOnce, every: every, longest: refusalWait, next: next}, err
}

// wait returns how long from now the client's next refusal is due.
func (p *pace) wait(client string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	due, ok := p.next.Get(client)
	if first := now.Add(-time.Duration(p.atOnce) * p.every); !ok || due.Before(first) {
		due = first
	}
	if due = due.Add(p.every); due.Sub(now) > p.longest {
		// A random wait: clients that are answered at the same moment would also return
		// at the same moment.
		return p.longest/2 + rand.N(p.longest/2) // #nosec G404 -- no secret: it spreads the clients
	}
	p.next.Add(client, due)
	return max(0, due.Sub(now))
}
