package db

import (
	"context"
	"database/sql/driver"
	"math/rand/v2"
	"sync"
	"time"
)

// gate spreads the logins of a process, so that a server that comes back does not meet
// those of all requests of all instances at the same moment.
//
//   - Few logins run at a time. One that gets no answer gives its place to the next after a
//     second.
//   - After a login has failed, one is tried for all, after a pause of random length. A few
//     wait for it, and fail with it or go on. All others fail at once, so that no request
//     waits for a server that is known to be away.
//   - While a trial gets no answer, there is another one every second. So service returns
//     with the network, not when the last login times out.
type gate struct {
	places chan struct{}

	mu      sync.Mutex
	next    time.Time // when the next trial may begin; zero: the last login has succeeded
	last    *trial    // the last login that has failed
	trial   *trial    // the one that runs or comes next
	waiting int       // for it
}

type trial struct {
	done chan struct{}
	err  error // valid after done is closed; nil: look again
}

const (
	loginsAtOnce = 4                      // and as many wait for a trial
	loginSilence = time.Second            // after this a login has no place, and another trial may begin
	loginPause   = 100 * time.Millisecond // at least, and up to three times as long, after a failure
)

func newGate() *gate {
	return &gate{places: make(chan struct{}, loginsAtOnce), trial: &trial{done: make(chan struct{})}}
}

// open runs login when it is its turn.
func (g *gate) open(ctx context.Context, login func() (driver.Conn, error)) (driver.Conn, error) {
	leave, err := g.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	begun := time.Now()
	conn, err := login()
	g.ended(err, ctx.Err() != nil && time.Since(begun) < loginSilence)
	return conn, err
}

// enter waits until the caller may log in.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	for {
		what, t, wait := g.turn()
		switch what {
		case fails:
			return nil, t.err
		case tries:
			return func() {}, nil
		case waits:
			if err := g.await(ctx, t, wait); err != nil {
				return nil, err
			}
		case passes:
			if leave, err = g.place(ctx); err != nil || g.isOpen() {
				return leave, err
			}
			leave() // a login has failed meanwhile
		}
	}
}

// What a newcomer does.
const (
	passes = iota // logins are not known to fail
	tries         // for all
	waits         // for the trial
	fails         // with the last one
)

func (g *gate) turn() (what int, t *trial, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next.IsZero() {
		return passes, nil, 0
	}
	if wait = time.Until(g.next); wait <= 0 {
		g.next = time.Now().Add(loginSilence)
		return tries, nil, 0
	}
	if g.waiting >= loginsAtOnce {
		return fails, g.last, 0
	}
	g.waiting++
	return waits, g.trial, wait
}

// await waits for the end of the trial, or until another one may begin.
func (g *gate) await(ctx context.Context, t *trial, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.waiting--
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.done:
		return t.err
	case <-timer.C:
		return nil
	}
}

// place takes one of the few places.
func (g *gate) place(ctx context.Context) (leave func(), err error) {
	select {
	case g.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	give := sync.OnceFunc(func() { <-g.places })
	timer := time.AfterFunc(loginSilence, give)
	return func() { timer.Stop(); give() }, nil
}

func (g *gate) isOpen() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.next.IsZero()
}

// ended notes the result of a login. unknown means that its caller has not waited long
// enough to tell.
func (g *gate) ended(err error, unknown bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	done := g.trial
	switch {
	case err == nil:
		g.next = time.Time{}
	case unknown && g.next.IsZero():
		return
	case unknown:
		g.next = time.Now() // another one tries
	default:
		pause := loginPause + rand.N(2*loginPause) // #nosec G404 -- no secret: it separates instances
		g.next, g.last, done.err = time.Now().Add(pause), done, err
	}
	g.trial = &trial{done: make(chan struct{})}
	close(done.done)
}
