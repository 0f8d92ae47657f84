package session

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// A signed cookie outlives its session, so its owner can send it any number of times after
// the session has ended. The first maxEndedLookups requests in a window query the database
// for the reason. Further requests are refused without a query. A browser never sends so
// many. The window is short, because a restored database may contain the session again.
const (
	maxEndedLookups = 20
	endedWindow     = 10 * time.Second
	maxEnded        = 10_000 // about 200 bytes each
)

// ErrTooOften is the ErrEnded of a session that was looked up too often. The reason for its
// end is not known, so it also counts as ErrReplaced: the answer clears no cookie.
var ErrTooOften error = tooOftenError{}

type tooOftenError struct{}

func (tooOftenError) Error() string {
	return "session expired or revoked, and requested too often"
}

func (tooOftenError) Is(target error) bool { return target == ErrEnded || target == ErrReplaced }

// endedCache holds sessions that are known to have ended, by token hash.
type endedCache struct {
	mu      sync.Mutex
	entries *simplelru.LRU[string, *lookupCount]
}

// lookupCount counts the requests of one ended session in a window.
type lookupCount struct {
	n   int
	end time.Time
}

func newEndedCache() (*endedCache, error) {
	entries, err := simplelru.NewLRU[string, *lookupCount](maxEnded, nil)
	return &endedCache{entries: entries}, err
}

// tooOften counts a request of a session. It reports whether the session has ended and was
// requested more than maxEndedLookups times in the window.
func (c *endedCache) tooOften(hash string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.entries.Get(hash)
	if !ok {
		return false
	}
	if left := a.end.Sub(now); left <= 0 || left > endedWindow { // the second case: the clock was set back
		a.n, a.end = 0, now.Add(endedWindow)
	}
	a.n++
	return a.n > maxEndedLookups
}

// add remembers that a session has ended.
func (c *endedCache) add(hash string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.entries.Contains(hash) {
		c.entries.Add(hash, &lookupCount{n: 1, end: now.Add(endedWindow)})
	}
}

// remove forgets a session that is alive: its row exists again or can be read again.
func (c *endedCache) remove(hash string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.Remove(hash)
}
