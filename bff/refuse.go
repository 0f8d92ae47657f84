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

// A program that is refused asks again at once, as often as it is answered. So a client
// that is refused often is answered late: its connections wait, which costs little, and
// do not take the processor from others. The first few are told at once, for a person who
// has mistyped a password. Nobody who is let in waits here.
//
// Two kinds of refusals are spread, each by itself: those that only a program meets often
// (past a limit, by a made-up link, with the cookie of a session that it has been told has
// ended), and that there is no session, which the visitors behind one address may all be
// told when they come.
const (
	refusalsAtOnce = 40
	refusalEvery   = 25 * time.Millisecond // after those
	absentAtOnce   = 400
	absentEvery    = 2500 * time.Microsecond
	refusalWait    = 5 * time.Second // the longest
	refusedClients = 20_000          // remembered, about 150 bytes each

	// Behind a proxy the waiting connections of one client are connections of all.
	lateInAll = 4000
	lateOfOne = 2000
)

func newLateRoom() *fair.Room {
	return fair.New(fair.Limits{Places: lateInAll, PerKey: lateOfOne})
}

// errTooManyAtOnce says when to come again: there are none of its kind to wait for.
var errTooManyAtOnce = errTooMany.With("Retry-After", "1").With("X-Retry-After", "1")

// refuse returns refusal, which the client is told when it is time.
func (s *Server) refuse(r *http.Request, refusal *web.Error) error {
	s.tellLate(r, s.refusals)
	return refusal
}

// noSession has a client told when it is time that it has no session. Why it has none is
// err.
func (s *Server) noSession(r *http.Request, err error) {
	if errors.Is(err, session.ErrOften) {
		s.tellLate(r, s.refusals)
	} else {
		s.tellLate(r, s.absences)
	}
}

// noteTooLarge has a body that is too large refused late, where a client sends one after
// another: what they send costs more to receive than to refuse.
func (s *Server) noteTooLarge(r *http.Request, err error) {
	if e, ok := errors.AsType[*web.Error](err); ok && e.Status == http.StatusRequestEntityTooLarge {
		s.tellLate(r, s.refusals)
	}
}

// tellLate has the answer to r wait until it is due. A request that has a turn waits when
// its handler has returned, so that it holds nothing meanwhile: see inTurn.
func (s *Server) tellLate(r *http.Request, p *pace) {
	if s.cfg.RateLimitOff {
		return
	}
	if t, ok := r.Context().Value(turnKey{}).(*turn); ok {
		t.late = p
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
	leave, err := s.late.Enter(r.Context(), client, 1)
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

// pace spreads what clients are refused over time.
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
		// They are not all told in the same moment, or they come back in one.
		return p.longest/2 + rand.N(p.longest/2)
	}
	p.next.Add(client, due)
	return max(0, due.Sub(now))
}
