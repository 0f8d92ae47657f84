package session

import (
	"sync"
	"time"

	"vestibule/bff/token"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"vestibule/store"
)

// maxCached bounds the sessions held in memory, about 1 KiB each. One that
// falls out costs a query when it comes back.
const maxCached = 50_000

// cache holds what the database said of sessions, by token hash, so that no
// state is shared between two sessions.
type cache struct {
	mu      sync.Mutex
	entries *simplelru.LRU[string, *entry]
	epoch   uint64 // counts removals
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

// put keeps a row that was read after get. When any session was removed in
// between, the row may be that session's, read just before its end: it is
// returned for the request that is under way but not kept.
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
	e.reread(row, user, at)
	return e
}

func (c *cache) remove(hash string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	c.entries.Remove(hash)
}

// seen is when something was read, by the clock and by the database's version,
// which was asked for before.
type seen struct {
	time    time.Time
	version int64
}

// entry is one session in memory.
type entry struct {
	extending sync.Mutex // held by the one request that extends the session

	mu   sync.Mutex
	row  store.Session
	user store.User
	at   seen // when row and user were read

	minting sync.Mutex
	held    token.Token
}

func newEntry(row store.Session, user store.User, at seen) *entry {
	return &entry{row: row, user: user, at: at}
}

func (e *entry) load() (store.Session, store.User) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.row, e.user
}

// believable says whether what was read may be taken for true without asking.
func (e *entry) believable(now time.Time, believe time.Duration, version int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return now.Sub(e.at.time) < believe && e.at.version == version
}

// reread takes over what was just read, unless this process has extended the
// session since that was read.
func (e *entry) reread(row store.Session, user store.User, at seen) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if row.UpdatedAt.Before(e.row.UpdatedAt) {
		return
	}
	e.row, e.user, e.at = row, user, at
}

func (e *entry) extended(updated, expires time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.row.UpdatedAt, e.row.ExpiresAt = updated, expires
}

// token hands the held token to renew and keeps what it returns. Requests
// that come while a token is minted wait for that one.
func (e *entry) token(renew func(token.Token) (token.Token, error)) (token.Token, error) {
	e.minting.Lock()
	defer e.minting.Unlock()
	a, err := renew(e.held)
	if err != nil {
		return token.Token{}, err
	}
	e.held = a
	return a, nil
}
