package session

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// A cookie that we have signed outlives its session, so whoever has one can ask for a
// session that has ended as often as they like. The first few times the database says
// why it has ended; who goes on is refused from memory, which a browser has no reason to
// see. The memory is short: a database that was restored may know better.
const (
	maxEndedLookups = 20
	endedWindow     = 10 * time.Second
	maxEnded        = 10_000 // about 200 bytes each
)

// ErrTooOften is the ErrEnded of a session that was asked for too often. Why it has ended was
// not looked up, so it counts as ErrReplaced too: the answer clears no cookie.
var ErrTooOften error = tooOftenError{}

type tooOftenError struct{}

func (tooOftenError) Error() string {
	return "session expired or revoked, and asked for again and again"
}

func (tooOftenError) Is(target error) bool { return target == ErrEnded || target == ErrReplaced }

// dead is the sessions that are known to have ended, by token hash.
type endedCache struct {
	mu      sync.Mutex
	entries *simplelru.LRU[string, *lookupCount]
}

// asks is how often a session was asked for in a window.
type lookupCount struct {
	n   int
	end time.Time
}

func newEndedCache() (*endedCache, error) {
	entries, err := simplelru.NewLRU[string, *lookupCount](maxEnded, nil)
	return &endedCache{entries: entries}, err
}

// tooOften says whether a session that has ended is asked for once more than it is
// worth another look.
func (d *endedCache) tooOften(hash string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, ok := d.entries.Get(hash)
	if !ok {
		return false
	}
	if left := a.end.Sub(now); left <= 0 || left > endedWindow { // also where the clock was set back
		a.n, a.end = 0, now.Add(endedWindow)
	}
	a.n++
	return a.n > maxEndedLookups
}

// add remembers that a session has ended.
func (d *endedCache) add(hash string, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.entries.Contains(hash) {
		d.entries.Add(hash, &lookupCount{n: 1, end: now.Add(endedWindow)})
	}
}

// remove forgets a session that lives after all: its row is there again, or can be read
// again.
func (d *endedCache) remove(hash string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries.Remove(hash)
}
