package session

import (
	"context"
	"sync"
	"time"
)

// A proxied exchange holds a lease on its session. Exchanges that are over
// within grace never notice; longer ones (events, WebSockets, downloads) are
// looked at twice a second and end when their session has.
const (
	sweepEvery = 500 * time.Millisecond
	grace      = time.Second // lets a request finish that was under way at sign-out
)

// leases are the exchanges under way. The zero value is ready.
type exchanges struct {
	mu   sync.Mutex
	open map[*exchange]struct{}
}

type exchange struct {
	hash   string
	since  time.Time
	cancel context.CancelCauseFunc

	expires time.Time // guarded by exchanges.mu, like ended
	ended   bool
}

// Bind returns the function that bounds a context by the life of the
// session. What that returns must be called when the exchange is over.
func (s *Sessions) Bind(l *Live) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		held := &exchange{hash: l.TokenHash, since: s.Now(), cancel: cancel, expires: l.ExpiresAt}
		s.exchanges.add(held)
		return ctx, func() {
			s.exchanges.remove(held)
			cancel(context.Canceled)
		}
	}
}

func (ls *exchanges) add(l *exchange) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.open == nil {
		ls.open = map[*exchange]struct{}{}
	}
	ls.open[l] = struct{}{}
}

func (ls *exchanges) remove(l *exchange) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.open, l)
}

// end marks the leases of a session; those past their grace end now, the
// others at the next sweep after it.
func (ls *exchanges) end(hash string, now time.Time) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for l := range ls.open {
		if l.hash == hash {
			l.ended = true
			l.endIfDue(now)
		}
	}
}

func (l *exchange) endIfDue(now time.Time) {
	if now.Sub(l.since) >= grace && (l.ended || !now.Before(l.expires)) {
		l.cancel(ErrEnded)
	}
}

// long returns the sessions of the leases that are past their grace.
func (ls *exchanges) long(now time.Time) []string {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	seen := map[string]struct{}{}
	var hashes []string
	for l := range ls.open {
		if _, dup := seen[l.hash]; !dup && now.Sub(l.since) >= grace {
			seen[l.hash] = struct{}{}
			hashes = append(hashes, l.hash)
		}
	}
	return hashes
}

// settle ends the leases of the asked sessions that are not among the live
// ones, and of those that have expired.
func (ls *exchanges) settle(asked []string, live map[string]time.Time, now time.Time) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	gone := make(map[string]struct{})
	for _, hash := range asked {
		if _, ok := live[hash]; !ok {
			gone[hash] = struct{}{}
		}
	}
	for l := range ls.open {
		if expires, ok := live[l.hash]; ok {
			l.expires = expires
		}
		if _, ok := gone[l.hash]; ok {
			l.ended = true
		}
		l.endIfDue(now)
	}
}

// Run ends streams whose session has ended, until ctx ends.
func (s *Sessions) Run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.sweep(ctx)
		}
	}
}

// sweep asks the database about every session that has a long exchange open:
// another instance may have ended it. While the database cannot be asked, only
// expiry, which needs no asking, ends streams.
func (s *Sessions) sweep(ctx context.Context) {
	asked := s.exchanges.long(s.Now())
	var live map[string]time.Time
	if len(asked) > 0 {
		ctx, cancel := context.WithTimeout(ctx, sweepEvery)
		defer cancel()
		var err error
		if live, err = s.store.LiveSessions(ctx, asked, s.now()); err != nil {
			asked = nil
		}
	}
	for _, hash := range asked {
		if _, ok := live[hash]; !ok {
			s.cache.remove(hash)
		}
	}
	s.exchanges.settle(asked, live, s.Now())
}
