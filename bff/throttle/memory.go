package throttle

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"vestibule/store"
)

// What this process remembers of the database's blocks:
//
//   - Who goes on against a block is refused from here, without the database.
//   - It is a block that the database had, and ends when that does. What the memory
//     lacks is asked for, so that a restart or a full memory lets nobody through.
//   - A block that was lifted elsewhere, by a mailed link at another instance or by an
//     operator, is current for no longer than maxAgeClearable or maxAgeTimed says. Here it is
//     forgotten at once.
//   - The rules that spare the known hold only for a client that the database has just
//     called a stranger.
const (
	remembered = 20_000 // counters, about 250 bytes each

	maxAgeClearable = 2 * time.Second // of rules that a success or a mailed link clears
	maxAgeTimed     = time.Minute     // of rules that only time ends
)

// blocks is the memory.
type blocks struct {
	mu      sync.Mutex
	entries *simplelru.LRU[string, block]
	epoch   uint64 // counts what was forgotten
}

// block is what the database said of one counter.
type block struct {
	until time.Time // when the block ends; of the rule that marks: nothing
	read  time.Time
}

func newBlocks() (*blocks, error) {
	entries, err := simplelru.NewLRU[string, block](remembered, nil)
	return &blocks{entries: entries}, err
}

// wait returns for how long the attempt is known to be blocked, and 0 where the
// database must be asked.
func (b *blocks) wait(a Attempt, keys []string, now time.Time) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	stranger := true
	for i, c := range a {
		if c.rule.success == marks {
			_, stranger = b.current(c.rule, keys[i], now) // #nosec G602 -- each part of an attempt has its key
		}
	}
	for i, c := range a {
		if e := c.rule.success; e == marks || e == clearsUnlessKnown && !stranger {
			continue
		}
		if e, ok := b.current(c.rule, keys[i], now); ok { // #nosec G602 -- as above
			wait = max(wait, left(e.until, now))
		}
	}
	return wait
}

// current returns what is remembered of a counter, if it is young enough. A clock that
// was set back makes nothing young.
func (b *blocks) current(r *rule, key string, now time.Time) (block, bool) {
	e, ok := b.entries.Get(key)
	age := now.Sub(e.read)
	return e, ok && age >= 0 && age < r.maxAge()
}

// maxAge is how long what the database said of a counter is taken for true.
func (r *rule) maxAge() time.Duration {
	if r.success == takesBack {
		return maxAgeTimed
	}
	return maxAgeClearable
}

// before is the epoch to hand to learn, asked for before the database is.
func (b *blocks) currentEpoch() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.epoch
}

// learn remembers the blocks among the counters of an attempt that was refused, and that
// its client is a stranger. When anything was forgotten since before, it may be what was
// read here: then nothing is learned.
func (b *blocks) remember(a Attempt, keys []string, counters []store.Counter, now time.Time, before uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.epoch != before {
		return
	}
	for i, c := range counters {
		stranger := a[i].rule.success == marks && !now.Before(c.ExpiresAt)
		if stranger || left(c.BlockedUntil, now) > 0 {
			b.entries.Add(keys[i], block{until: c.BlockedUntil, read: now})
		}
	}
}

// forget drops what is remembered of counters that were changed for the better.
func (b *blocks) forget(keys []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.epoch++
	for _, key := range keys {
		b.entries.Remove(key)
	}
}

// left is how long a block still lasts. A longer one than there can be was made by a
// clock that was wrong.
func left(until, now time.Time) time.Duration {
	if d := until.Sub(now); d > 0 && d <= longestBlock {
		return d
	}
	return 0
}
