// Package throttle limits how often passwords are guessed and mails are asked for.
//
// It promises:
//   - An attempt is counted before anything is verified, so that a thousand at
//     once are a thousand.
//   - The counters are in the database: every instance has the same ones, and a
//     restart forgets none.
//   - A limit is temporary whatever happens: attempts against a block are not
//     counted, so nobody can keep an account blocked by going on. Who passes a
//     limit again is blocked for twice as long, up to an hour; after a quiet day
//     that is forgotten.
//   - Where the owner has signed in lately, others who guess at the account elsewhere
//     do not keep them out: that client is held to the limit of its own.
//   - A new password that was set by a link from a mail ends the account's blocks.
//   - The owner of a live session keeps it, and keeps what it can do: sign-in is
//     counted apart from the password checks of those who are signed in.
//   - An account that does not exist is counted like one that does.
//   - To refuse is cheap: whoever goes on against a block is refused from memory, and
//     however many try at once, a few are counted at a time (take.go).
//
// What is counted is stored as a keyed hash: the table names no address.
package throttle

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"vestibule/internal/fair"
	"vestibule/store"
)

const (
	longestBlock = time.Hour
	memory       = 24 * time.Hour // of having passed a limit
)

// Store is what limits need of the database.
type Store interface {
	Counters(ctx context.Context, keys []string) ([]store.Counter, error)
	Count(ctx context.Context, keys []string, decide func([]store.Counter)) error
}

// Limiter counts attempts. Make one with New.
type Limiter struct {
	store Store
	now   func() time.Time
	key   []byte
	off   bool

	blocks *blocks
	room   *fair.Room
}

// New returns the limiter of a database. The key of the hashes in it is derived
// from secret. With off it counts nothing.
func New(s Store, secret []byte, now func() time.Time, off bool) (*Limiter, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "vestibule/throttle/v1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the key of the limits: %w", err)
	}
	blocks, err := newBlocks()
	if err != nil {
		return nil, fmt.Errorf("memory of blocks: %w", err)
	}
	return &Limiter{store: s, now: now, key: key, off: off, blocks: blocks, room: newRoom()}, nil
}

// Limited is returned for an attempt that must not be made now.
type Limited struct {
	RetryAfter time.Duration // until it may; always more than 0
}

func (e *Limited) Error() string {
	return fmt.Sprintf("too many attempts; the next is possible in %v", e.RetryAfter)
}

// held lists the limits that the attempt is held to.
func (a Attempt) held(counters []store.Counter, now time.Time) (limits []int) {
	known := false
	for i := range counters {
		known = known || a[i].rule.success == marks && now.Before(counters[i].ExpiresAt)
	}
	for i := range counters {
		if e := a[i].rule.success; e != marks && !(known && e == clearsUnlessKnown) {
			limits = append(limits, i)
		}
	}
	return limits
}

// Succeeded takes back an attempt that was counted and turned out to be honest:
// what it was aimed at is no longer under suspicion, and the client's address,
// which others may share, is as before.
func (l *Limiter) Succeeded(ctx context.Context, a Attempt) error {
	if l.off {
		return nil
	}
	now, keys := l.time(), l.keys(a)
	err := l.adjust(ctx, a, keys, func(counters []store.Counter) {
		for i := range counters {
			switch rule := a[i].rule; rule.success {
			case clears, clearsUnlessKnown:
				counters[i] = store.Counter{}
			case marks:
				end := now.Add(rule.window)
				counters[i] = store.Counter{Count: 1, WindowEnd: end, ExpiresAt: end}
			case takesBack:
				takeBack(&counters[i])
			}
		}
	})
	l.blocks.forget(keys) // also after an error, which may have come after the commit
	return err
}

// Untried takes back an attempt that was counted and then not made, because we
// were too busy: nobody may be blocked for that.
func (l *Limiter) Untried(ctx context.Context, a Attempt) error {
	if l.off {
		return nil
	}
	now := l.time()
	return l.adjust(ctx, a, l.keys(a), func(counters []store.Counter) {
		for _, i := range a.held(counters, now) {
			takeBack(&counters[i])
		}
	})
}

// adjust changes the counters of an attempt that was made. It has a line of its own in
// the counting room: new attempts of the same client must not keep it out.
func (l *Limiter) adjust(ctx context.Context, a Attempt, keys []string, change func([]store.Counter)) error {
	leave, err := l.enter(ctx, "made\x00"+a.place())
	if err != nil {
		return err
	}
	defer leave()
	return l.store.Count(ctx, keys, change)
}

func takeBack(c *store.Counter) {
	if c.Count > 0 {
		c.Count--
	}
}

// time is now as the database keeps it.
func (l *Limiter) time() time.Time { return l.now().UTC().Truncate(time.Millisecond) }

func (l *Limiter) keys(a Attempt) []string {
	keys := make([]string, len(a))
	for i, c := range a {
		mac := hmac.New(sha256.New, l.key)
		mac.Write([]byte(c.rule.name + "\x00" + c.value))
		keys[i] = hex.EncodeToString(mac.Sum(nil))
	}
	return keys
}

// count counts one more in c, and returns how long to wait when that is one too
// many.
func (r *rule) count(c *store.Counter, now time.Time) time.Duration {
	if !now.Before(c.ExpiresAt) {
		*c = store.Counter{}
	}
	if !now.Before(c.WindowEnd) {
		c.Count, c.WindowEnd = 0, now.Add(r.window)
	}
	var wait time.Duration
	if c.Count++; c.Count > r.limit {
		wait = min(r.block<<min(c.Strikes, 16), longestBlock)
		c.Strikes++
		c.BlockedUntil = now.Add(wait)
		c.Count, c.WindowEnd = 0, c.BlockedUntil
	}
	c.ExpiresAt = c.WindowEnd
	if c.Strikes > 0 {
		c.ExpiresAt = c.WindowEnd.Add(memory)
	}
	return wait
}
