package session

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"vestibule/store"
)

// maxCached bounds the sessions in memory, about 1 KiB each. The next use of an evicted
// session costs a query.
const maxCached = 50_000

// cache holds the rows of sessions by token hash, so that two sessions share no state.
type cache struct {
	mu      sync.Mutex
	entries *simplelru.LRU[string, *entry]
	epoch   uint64 // counts removals

	reads atomic.Uint64 // that have begun
}

func newCache(size int) (*cache, error) {
	entries, err := simplelru.NewLRU[string, *entry](size, nil)
	return &cache{entries: entries}, err
}

// get returns the entry of a session, or nil, and the epoch to hand to put.
func (c *cache) get(hash string) (*entry, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, _ := c.entries.Get(hash)
	return e, c.epoch
}

// put caches a row that was read after get. If any session was removed in between, the row
// may belong to that session and be out of date. Then put returns the entry for the current
// request but does not cache it.
func (c *cache) put(hash string, epoch uint64, row store.Session, user store.User, at seen) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch {
		return newEntry(row, user, at)
	}
	e, ok := c.entries.Get(hash)
	if !ok {
		e = newEntry(row, user, at)
		c.entries.Add(hash, e)
		return e
	}
	e.update(row, user, at)
	return e
}

func (c *cache) remove(hash string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	c.entries.Remove(hash)
}

// clear removes all sessions.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	c.entries.Purge()
}

// seen says when a row was read: the time, the database's version from before the read, and
// which read of this process it was.
type seen struct {
	time    time.Time
	version int64
	read    uint64
}

// entry is one session in memory.
type entry struct {
	extending sync.Mutex // held by the one request that extends the session

	mu   sync.Mutex
	row  *store.Session // not changed, only replaced: requests keep it
	user *store.User    // likewise
	at   seen           // when row and user were read

	signedAgain time.Time // when the last attempt began to send the cookie again; guarded by mu

	minting sync.Mutex
	held    held // the token of kind 0
}

func newEntry(row store.Session, user store.User, at seen) *entry {
	return &entry{row: &row, user: &user, at: at}
}

func (e *entry) load() (*store.Session, *store.User) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.row, e.user
}

// isCurrent says whether the cached row is current enough to use without a query.
func (e *entry) isCurrent(now time.Time, recheck time.Duration, version int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return now.Sub(e.at.time) < recheck && e.at.version == version
}

// isReadAfter says whether the cached row is from a read that began after the given one.
func (e *entry) isReadAfter(read uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.at.read > read
}

// update stores the row that was just read, unless this process has extended the session
// since that read, or a later read has already ended.
func (e *entry) update(row store.Session, user store.User, at seen) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if row.UpdatedAt.Before(e.row.UpdatedAt) || at.read < e.at.read {
		return
	}
	e.row, e.user, e.at = &row, &user, at
}

func (e *entry) extended(updated, expires time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	row := *e.row
	row.UpdatedAt, row.ExpiresAt = updated, expires
	e.row = &row
	e.at.time = updated // the row was there
}
