package throttle

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"vestibule/store"
)

// This process remembers blocks that it has read from the database:
//
//   - An attempt against a remembered block is refused without the database.
//   - Only blocks from the database are remembered, and each only until it ends. A block
//     that is not in memory is read from the database. So a restart or a full memory lets
//     no attempt through.
//   - Another instance may lift a block after a mailed link, and an operator may too. This
//     process then refuses for at most maxAgeClearable or maxAgeTimed longer. It forgets a
//     block that it lifts itself at once.
//   - Rules that do not apply to known clients refuse from memory only if the database has
//     just reported that the client is unknown.
const (
	maxBlocks = 20_000 // remembered counters, about 250 bytes each

	maxAgeClearable = 2 * time.Second // for rules that a success or a mailed link clears
	maxAgeTimed     = time.Minute     // for rules that only time ends
)

// blocks is the memory.
type blocks struct {
	mu      sync.Mutex
	entries *simplelru.LRU[string, block]
	epoch   uint64 // increases with every forget
}

// block is what the database reported about one counter.
type block struct {
	until time.Time // when the block ends; unused for a rule with marksKnown
	read  time.Time
}

func newBlocks() (*blocks, error) {
	entries, err := simplelru.NewLRU[string, block](maxBlocks, nil)
	return &blocks{entries: entries}, err
}

// wait returns how long the attempt is blocked according to the memory. 0 means that the
// database must be asked.
func (b *blocks) wait(a Attempt, keys []string, now time.Time) time.Duration {
	_, wait := b.longest(a, keys, now)
	return wait
}

// longest is wait with the rule whose block lasts longest, or nil.
func (b *blocks) longest(a Attempt, keys []string, now time.Time) (by *rule, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	stranger := true
	for i, c := range a {
		if c.rule.success == marksKnown {
			_, stranger = b.current(c.rule, keys[i], now) // #nosec G602 -- each counter of an attempt has a key
		}
	}
	for i, c := range a {
		if e := c.rule.success; e == marksKnown || e == clearsSkipsKnown && !stranger {
			continue
		}
		if e, ok := b.current(c.rule, keys[i], now); ok { // #nosec G602 -- as above
			if left := remaining(e.until, now); left > wait {
				by, wait = c.rule, left
			}
		}
	}
	return by, wait
}

// current returns the entry of a counter, if it is recent enough. An entry from the future
// is never recent: the clock has been set back since.
func (b *blocks) current(r *rule, key string, now time.Time) (block, bool) {
	e, ok := b.entries.Get(key)
	age := now.Sub(e.read)
	return e, ok && age >= 0 && age < r.maxAge()
}

// maxAge returns how long a remembered counter of the rule is used.
func (r *rule) maxAge() time.Duration {
	if r.success == decrements {
		return maxAgeTimed
	}
	return maxAgeClearable
}

// currentEpoch returns the epoch for remember. Call it before the database is read.
func (b *blocks) currentEpoch() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.epoch
}

// remember stores the blocks of a refused attempt, and that its client is unknown. It
// stores nothing if the epoch has changed since the read: the counters may have been
// cleared meanwhile.
func (b *blocks) remember(a Attempt, keys []string, counters []store.Counter, now time.Time, epoch uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.epoch != epoch {
		return
	}
	for i, c := range counters {
		stranger := a[i].rule.success == marksKnown && !now.Before(c.ExpiresAt)
		if stranger || remaining(c.BlockedUntil, now) > 0 {
			b.entries.Add(keys[i], block{until: c.BlockedUntil, read: now})
		}
	}
}

// forget removes the entries of counters that a success has cleared or lowered.
func (b *blocks) forget(keys []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.epoch++
	for _, key := range keys {
		b.entries.Remove(key)
	}
}
