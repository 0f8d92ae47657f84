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
	deadAsks   = 20
	deadWindow = 10 * time.Second
	maxDead    = 10_000 // about 200 bytes each
)

// ErrOften is the ErrEnded of a session that was asked for too often. Why it has ended was
// not looked up, so it counts as ErrReplaced too: the answer clears no cookie.
var ErrOften error = often{}

type often struct{}

func (often) Error() string { return "session expired or revoked, and asked for again and again" }

func (often) Is(target error) bool { return target == ErrEnded || target == ErrReplaced }

// dead is the sessions that are known to have ended, by token hash.
type dead struct {
	mu      sync.Mutex
	entries *simplelru.LRU[string, *asks]
}

// asks is how often a session was asked for in a window.
type asks struct {
	n   int
	end time.Time
}

func newDead() (*dead, error) {
	entries, err := simplelru.NewLRU[string, *asks](maxDead, nil)
	return &dead{entries: entries}, err
}

// tooOften says whether a session that has ended is asked for once more than it is
// worth another look.
func (d *dead) tooOften(hash string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, ok := d.entries.Get(hash)
	if !ok {
		return false
	}
	if left := a.end.Sub(now); left <= 0 || left > deadWindow { // also where the clock was set back
		a.n, a.end = 0, now.Add(deadWindow)
	}
	a.n++
	return a.n > deadAsks
}

// add remembers that a session has ended.
func (d *dead) add(hash string, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.entries.Contains(hash) {
		d.entries.Add(hash, &asks{n: 1, end: now.Add(deadWindow)})
	}
}

// remove forgets a session that lives after all: its row is there again, or can be read
// again.
func (d *dead) remove(hash string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries.Remove(hash)
}
