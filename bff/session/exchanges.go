package session

import (
	"context"
	"sync"
	"time"
)

// A proxied exchange ends when its session ends. Exchanges shorter than grace are not
// checked. Longer ones (event streams, WebSockets, downloads) are checked twice a second.
const (
	sweepInterval = 500 * time.Millisecond
	grace         = time.Second // lets a request finish that was in progress at sign-out
)

// exchanges holds the exchanges in progress. The zero value is ready.
type exchanges struct {
	mu   sync.Mutex
	open map[*exchange]struct{}
}

// exchange is one proxied request with its response.
type exchange struct {
	hash   string
	since  time.Time
	cancel context.CancelCauseFunc

	expires time.Time // guarded by exchanges.mu, like ended
	ended   bool
}

// Bind returns a function that derives a context which ends with the session. The caller
// must call the returned CancelFunc when the exchange is over.
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

func (x *exchanges) add(e *exchange) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.open == nil {
		x.open = map[*exchange]struct{}{}
	}
	x.open[e] = struct{}{}
}

func (x *exchanges) remove(e *exchange) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.open, e)
}

// end marks the exchanges of a session as ended. Those older than grace end now, the others
// at a later sweep.
func (x *exchanges) end(hash string, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for e := range x.open {
		if e.hash == hash {
			e.ended = true
			e.endIfDue(now)
		}
	}
}

func (e *exchange) endIfDue(now time.Time) {
	if now.Sub(e.since) >= grace && (e.ended || !now.Before(e.expires)) {
		e.cancel(ErrEnded)
	}
}

// long returns the sessions of the exchanges that are older than grace.
func (x *exchanges) long(now time.Time) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	seen := map[string]struct{}{}
	var hashes []string
	for e := range x.open {
		if _, dup := seen[e.hash]; !dup && now.Sub(e.since) >= grace {
			seen[e.hash] = struct{}{}
			hashes = append(hashes, e.hash)
		}
	}
	return hashes
}

// settle ends the exchanges of the queried sessions that are not in live, and those of
// expired sessions.
func (x *exchanges) settle(queried []string, live map[string]time.Time, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	gone := make(map[string]struct{})
	for _, hash := range queried {
		if _, ok := live[hash]; !ok {
			gone[hash] = struct{}{}
		}
	}
	for e := range x.open {
		if expires, ok := live[e.hash]; ok {
			e.expires = expires
		}
		if _, ok := gone[e.hash]; ok {
			e.ended = true
		}
		e.endIfDue(now)
	}
}

// Run ends streams whose session has ended, until ctx ends.
func (s *Sessions) Run(ctx context.Context) {
	tick := time.NewTicker(sweepInterval)
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

// sweep queries the database for every session with a long exchange, because another
// instance may have ended the session. If the query fails, only expired sessions end.
func (s *Sessions) sweep(ctx context.Context) {
	queried := s.exchanges.long(s.Now())
	var live map[string]time.Time
	if len(queried) > 0 {
		ctx, cancel := context.WithTimeout(ctx, sweepInterval)
		defer cancel()
		var err error
		if live, err = s.store.LiveSessions(ctx, queried, s.now()); err != nil {
			queried = nil
		}
	}
	for _, hash := range queried {
		if _, ok := live[hash]; !ok {
			s.cache.remove(hash)
		}
	}
	s.exchanges.settle(queried, live, s.Now())
}
