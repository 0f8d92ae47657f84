package session

import (
	"context"
	"sync"
	"time"
)

// A proxied exchange ends when its session ends. Exchanges shorter than grace are not
// checked. Longer ones (event streams, WebSockets, downloads) are checked once, then whenever
// their session may have ended, and twice a second while other processes are not heard.
const (
	sweepInterval = 500 * time.Millisecond
	grace         = time.Second // lets a request finish that was in progress at sign-out
)

// exchanges holds the exchanges in progress by the token hash of their session: a deletion
// of many sessions is as many notifications. The zero value is ready.
type exchanges struct {
	mu   sync.Mutex
	open map[string]map[*exchange]struct{}
}

// exchange is one proxied request with its response.
type exchange struct {
	hash   string
	since  time.Time
	cancel context.CancelCauseFunc

	// Guarded by exchanges.mu.
	expires time.Time
	ended   bool
	version int64 // of the database when the session was last seen alive; unknown: ask
	asked   bool  // a query is under way, and there was no doubt since it began
}

// Bind returns a function that derives a context which ends with the session. The caller
// must call the returned CancelFunc when the exchange is over.
func (s *Sessions) Bind(l *Live) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		held := &exchange{hash: l.TokenHash, since: s.Now(), cancel: cancel, expires: l.ExpiresAt, version: unknown}
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
		x.open = map[string]map[*exchange]struct{}{}
	}
	if x.open[e.hash] == nil {
		x.open[e.hash] = map[*exchange]struct{}{}
	}
	x.open[e.hash][e] = struct{}{}
}

func (x *exchanges) remove(e *exchange) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.open[e.hash], e)
	if len(x.open[e.hash]) == 0 {
		delete(x.open, e.hash)
	}
}

// end marks the exchanges of a session as ended. Those older than grace end now, the others
// at a later sweep. It reports whether there are others.
func (x *exchanges) end(hash string, now time.Time) (young bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for e := range x.open[hash] {
		e.ended = true
		young = !e.endIfDue(now) || young
	}
	return young
}

func (e *exchange) endIfDue(now time.Time) bool {
	due := now.Sub(e.since) >= grace && (e.ended || !now.Before(e.expires))
	if due {
		e.cancel(ErrEnded)
	}
	return due
}

// doubt lets the exchanges of a session be checked. It reports whether there are any.
func (x *exchanges) doubt(hash string) (found bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for e := range x.open[hash] {
		e.version, e.asked = unknown, false
	}
	return len(x.open[hash]) > 0
}

// doubtAll lets all exchanges be checked.
func (x *exchanges) doubtAll() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, ofSession := range x.open {
		for e := range ofSession {
			e.version, e.asked = unknown, false
		}
	}
}

// doubtful returns the sessions of the exchanges that are older than grace and were not
// checked at this version. The caller asks for them, and calls settle.
func (x *exchanges) doubtful(now time.Time, version int64) (hashes []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for hash, ofSession := range x.open {
		asked := false
		for e := range ofSession {
			e.asked = now.Sub(e.since) >= grace && (version == unknown || e.version != version)
			asked = asked || e.asked
		}
		if asked {
			hashes = append(hashes, hash)
		}
	}
	return hashes
}

// settle ends the exchanges of the queried sessions that are not in live, and those of
// expired sessions. The others were seen alive at the version, unless there was a doubt
// since the query began.
func (x *exchanges) settle(queried []string, live map[string]time.Time, version int64, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, hash := range queried {
		expires, alive := live[hash]
		for e := range x.open[hash] {
			if !alive {
				e.ended = true
				continue
			}
			e.expires = expires
			if e.asked {
				e.version = version
			}
		}
	}
	for _, ofSession := range x.open {
		for e := range ofSession {
			e.endIfDue(now)
		}
	}
}
