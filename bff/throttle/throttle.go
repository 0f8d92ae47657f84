// Package throttle limits how often passwords are guessed, mails are requested, and
// accounts are created or changed.
//
// Its guarantees:
//   - An attempt is counted before a password is verified. So a thousand concurrent attempts
//     count as a thousand.
//   - The counters are in the database. All instances share them, and they survive a restart.
//   - Every block ends. Attempts against a block are not counted, so nobody can extend it.
//     Each further block lasts twice as long, up to an hour. After a day without attempts,
//     the next block is short again.
//   - Guesses from elsewhere do not block a client from which the owner has recently signed
//     in. Only that client's own limits apply to it.
//   - A password reset by a mailed link ends the account's blocks.
//   - Failed sign-ins do not affect live sessions. Password checks of signed-in users have
//     separate counters.
//   - An account that does not exist is counted like one that does.
//   - A refusal is cheap. Attempts against a known block are refused from memory. However
//     many attempts arrive at once, only a few are counted at a time (take.go).
//
// The key of a counter is a keyed hash, so the table reveals no address.
package throttle

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/fair"
	"vestibule/store"
	"vestibule/store/db"
)

// Store is the part of the store that a Limiter uses.
type Store interface {
	Counters(ctx context.Context, keys []string) ([]store.Counter, error)
	Count(ctx context.Context, keys []string, decide func([]store.Counter)) error
	Shares() db.Shares // Count of them count at a time
}

// Limiter counts attempts. Make one with New.
type Limiter struct {
	store Store
	now   func() time.Time
	key   []byte
	off   bool

	blocks *blocks
	room   *fair.Room

	throttled *prometheus.CounterVec
}

// New returns a limiter whose counters are in s. It derives the key of the hashes from
// secret. If off is true, the limiter counts and refuses nothing.
func New(s Store, secret []byte, now func() time.Time, off bool) (*Limiter, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "vestibule/throttle/v1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the key for rate limits: %w", err)
	}
	blocks, err := newBlocks()
	if err != nil {
		return nil, fmt.Errorf("create the memory of blocks: %w", err)
	}
	return &Limiter{store: s, now: now, key: key, off: off, blocks: blocks, room: newRoom(s.Shares().Count), throttled: newThrottled(nil)}, nil
}

// Limited is returned for an attempt that must not be made now.
type Limited struct {
	RetryAfter time.Duration // always positive
}

func (e *Limited) Error() string {
	return fmt.Sprintf("too many attempts; try again in %v", e.RetryAfter)
}

// applicable returns the indexes of the limits that apply to the attempt.
func (a Attempt) applicable(counters []store.Counter, now time.Time) (limits []int) {
	known := false
	for i := range counters {
		known = known || a[i].rule.success == marksKnown && now.Before(counters[i].ExpiresAt)
	}
	for i := range counters {
		if e := a[i].rule.success; e != marksKnown && !(known && e == clearsSkipsKnown) {
			limits = append(limits, i)
		}
	}
	return limits
}

// Succeeded records that a counted attempt was the owner's. It clears the counters of the
// account. On the counters of the client's address, which others may share, it only
// subtracts this attempt.
func (l *Limiter) Succeeded(ctx context.Context, a Attempt) error {
	if l.off {
		return nil
	}
	now, keys := l.time(), l.keys(a)
	err := l.adjust(ctx, a, keys, func(counters []store.Counter) {
		for i := range counters {
			switch rule := a[i].rule; rule.success {
			case clears, clearsSkipsKnown:
				counters[i] = store.Counter{}
			case marksKnown:
				end := now.Add(rule.window)
				counters[i] = store.Counter{Count: 1, WindowEnd: end, ExpiresAt: end}
			case decrements:
				decrement(&counters[i])
			}
		}
	})
	l.blocks.forget(keys) // even after an error: the change may have been committed
	return err
}

// Untried subtracts an attempt that was counted but not made because the server was too
// busy. It must not lead to a block.
func (l *Limiter) Untried(ctx context.Context, a Attempt) error {
	if l.off {
		return nil
	}
	now := l.time()
	return l.adjust(ctx, a, l.keys(a), func(counters []store.Counter) {
		for _, i := range a.applicable(counters, now) {
			decrement(&counters[i])
		}
	})
}

// adjust changes the counters of an attempt that was already counted. It uses a separate key
// in the counting room, so that new attempts of the same client cannot delay it.
func (l *Limiter) adjust(ctx context.Context, a Attempt, keys []string, change func([]store.Counter)) error {
	leave, err := l.enter(ctx, "adjust\x00"+a.roomKey())
	if err != nil {
		return err
	}
	defer leave()
	return l.store.Count(ctx, keys, change)
}

func decrement(c *store.Counter) {
	if c.Count > 0 {
		c.Count--
	}
}

// time returns the current time in the precision of the database.
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
