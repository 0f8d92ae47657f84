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

// exchanges holds the exchanges in progress. The zero value is ready.
type exchanges struct {
	mu    sync.Mutex
	open  map[*exchange]struct{}
	epoch uint64 // counts the doubts
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
// at a later sweep. It reports whether there are others.
func (x *exchanges) end(hash string, now time.Time) (young bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for e := range x.open {
		if e.hash == hash {
			e.ended = true
			young = !e.endIfDue(now) || young
		}
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
	return x.doubtIf(func(e *exchange) bool { return e.hash == hash })
}

// doubtAll lets all exchanges be checked.
func (x *exchanges) doubtAll() { x.doubtIf(func(*exchange) bool { return true }) }

func (x *exchanges) doubtIf(concerns func(*exchange) bool) (found bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.epoch++
	for e := range x.open {
		if concerns(e) {
			e.version = unknown
			found = true
		}
	}
	return found
}

// doubtful returns the sessions of the exchanges that are older than grace and were not
// checked at this version. The epoch is for settle.
func (x *exchanges) doubtful(now time.Time, version int64) (hashes []string, epoch uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	seen := map[string]struct{}{}
	for e := range x.open {
		if _, dup := seen[e.hash]; !dup && now.Sub(e.since) >= grace && (version == unknown || e.version != version) {
			seen[e.hash] = struct{}{}
			hashes = append(hashes, e.hash)
		}
	}
	return hashes, x.epoch
}

// settle ends the exchanges of the queried sessions that are not in live, and those of
// expired sessions. The others were seen alive at the version, unless there was a doubt
// since the epoch.
func (x *exchanges) settle(queried []string, live map[string]time.Time, version int64, epoch uint64, now time.Time) {
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
			if x.epoch == epoch {
				e.version = version
			}
		}
		if _, ok := gone[e.hash]; ok {
			e.ended = true
		}
		e.endIfDue(now)
	}
}
