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
	open map[string]*exchange // the first one; the others of its session follow
}

// exchange is one proxied request with its response.
type exchange struct {
	hash   string
	since  time.Time
	cancel context.CancelCauseFunc

	// Guarded by exchanges.mu.
	next, previous *exchange // of the same session
	removed        bool

	// Guarded by exchanges.mu.
	expires time.Time
	ended   bool
	version int64 // of the database when the session was last seen alive; unknown: ask
	asked   bool  // a query is under way, and there was no doubt since it began
}

// Lease is the hold of one exchange on its session.
type Lease struct {
	of *exchanges
	exchange
}

// Bind begins an exchange. When the session ends, end is called with the cause, but not after
// Release. It must not block, and may be called more than once.
func (s *Sessions) Bind(l *Live, end context.CancelCauseFunc) *Lease {
	lease := &Lease{&s.exchanges, exchange{hash: l.TokenHash, since: s.Now(), cancel: end, expires: l.ExpiresAt, version: unknown}}
	s.exchanges.add(&lease.exchange)
	return lease
}

// Release must be called when the exchange is over.
func (l *Lease) Release() { l.of.remove(&l.exchange) }

func (x *exchanges) add(e *exchange) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.open == nil {
		x.open = map[string]*exchange{}
	}
	if first := x.open[e.hash]; first != nil {
		e.next, first.previous = first, e
	}
	x.open[e.hash] = e
}

func (x *exchanges) remove(e *exchange) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e.removed {
		return
	}
	e.removed = true
	switch {
	case e.previous != nil:
		e.previous.next = e.next
	case e.next != nil:
		x.open[e.hash] = e.next
	default:
		delete(x.open, e.hash)
	}
	if e.next != nil {
		e.next.previous = e.previous
	}
}

// end marks the exchanges of a session as ended. Those older than grace end now, the others
// at a later sweep. It reports whether there are others.
func (x *exchanges) end(hash string, now time.Time) (young bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for e := x.open[hash]; e != nil; e = e.next {
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
	for e := x.open[hash]; e != nil; e = e.next {
		e.version, e.asked = unknown, false
		found = true
	}
	return found
}

// doubtAll lets all exchanges be checked.
func (x *exchanges) doubtAll() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.open {
		for ; e != nil; e = e.next {
			e.version, e.asked = unknown, false
		}
	}
}

// doubtful returns the sessions of the exchanges that are older than grace and were not
// checked at this version. The caller asks for them, and calls settle.
func (x *exchanges) doubtful(now time.Time, version int64) (hashes []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for hash, e := range x.open {
		asked := false
		for ; e != nil; e = e.next {
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
		for e := x.open[hash]; e != nil; e = e.next {
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
	for _, e := range x.open {
		for ; e != nil; e = e.next {
			e.endIfDue(now)
		}
	}
}
