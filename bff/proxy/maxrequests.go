package proxy

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"sync"

	"vestibule/internal/fair"
	"vestibule/internal/web"
)

// An API that hangs has every request wait for it, and a client that sends or reads
// slowly has its request wait for itself, each with two connections, goroutines and
// buffers. So the requests under way are bounded:
//
//   - of a user, and of an address, from when the session was found until the answer has
//     been sent. Users cost nothing: one address can sign up many.
//   - in all, as long as the API has the next move. A place that slow clients could hold
//     would be lost to everybody else: a few users have enough of them for all.
//
// A stream is under way until the head of its answer has come: streams have places of
// their own (stream.go).

const (
	// DefaultMaxRequests is enough for ten thousand requests a second that take a tenth
	// of one.
	DefaultMaxRequests = 1000
	// usersShare is the part of them that one user may have, and addressesShare that of
	// an address, which many can share. It bounds what the slow readers of one address
	// hold: each a page of up to 0.7 MiB.
	usersShare, addressesShare = 10, 5
	// retryAfterTooMany is the Retry-After beyond it, in seconds.
	retryAfterTooMany = 2
)

var (
	errTooMany        = tooMany("Too many of your requests are under way. Please try again.")
	errTooManyAddress = tooMany("Too many requests from your address are under way. Please try again.")
)

func busy(cause error) *web.Error { return web.Busy("requests are under way", cause) }

func tooMany(message string) *web.Error {
	return web.Refuse(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", message).With("Retry-After", strconv.Itoa(retryAfterTooMany))
}

// rooms are the places of requests.
type rooms struct{ users, addresses, all *fair.Room }

func newUnderWay(most int) rooms {
	if most <= 0 {
		most = DefaultMaxRequests
	}
	share := func(part int) *fair.Room {
		return fair.New(fair.Limits{Places: math.MaxInt, PerKey: max(1, most/part)})
	}
	return rooms{users: share(usersShare), addresses: share(addressesShare), all: fair.New(fair.Limits{Places: most})}
}

// begins takes the places of a request, all of which end gives back.
func (p *Proxy) begins(r *http.Request, user string) (*placed, error) {
	leaveUser, err := p.underWay.users.Enter(r.Context(), user, 1)
	if err != nil {
		return nil, refused(err, errTooMany)
	}
	leaveAddress, err := p.underWay.addresses.Enter(r.Context(), web.ClientKey(p.cfg.ClientIP(r)), 1)
	if err != nil {
		leaveUser()
		return nil, refused(err, errTooManyAddress)
	}
	x := &placed{all: p.underWay.all, user: user, own: func() { leaveAddress(); leaveUser() }}
	if err := x.wait(); err != nil {
		x.end()
		return nil, err
	}
	return x, nil
}

// refused is the answer where a room had no place.
func refused(err error, full *web.Error) error {
	if errors.As(err, new(fair.Full)) {
		return full.Because(err)
	}
	return err
}

// placed are the places that one request has.
type placed struct {
	own  func() // gives back those of its user and address
	all  *fair.Room
	user string

	mu       sync.Mutex
	leave    func() // gives back the place among all; nil: there is none
	answered bool   // it needs none any more
}

// wait takes a place among all who wait for the API, if the request has none.
func (p *placed) wait() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answered || p.leave != nil {
		return nil
	}
	leave, err := p.all.Enter(context.Background(), p.user, 1) // there is a place, or there is none
	if err != nil {
		return busy(err)
	}
	p.leave = leave
	return nil
}

// rest gives that place back while the client has the next move.
func (p *placed) rest() { p.giveBack(false) }

// hasAnswer gives it back for good.
func (p *placed) hasAnswer() { p.giveBack(true) }

func (p *placed) giveBack(forGood bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered = p.answered || forGood
	if p.leave != nil {
		p.leave()
		p.leave = nil
	}
}

// end gives back all places. It may be called more than once.
func (p *placed) end() {
	p.hasAnswer()
	p.own()
}
