package throttle

import (
	"time"

	"vestibule/store"
)

const (
	longestBlock = time.Hour
	strikesKept  = 24 * time.Hour // after the end of the last window
)

// count adds an attempt to c. If that exceeds the limit, it sets a block and returns how
// long it lasts.
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
		c.ExpiresAt = c.WindowEnd.Add(strikesKept)
	}
	return wait
}

// remaining returns how much longer a block lasts. It ignores a block longer than
// longestBlock: only a wrong clock can have set it.
func remaining(until, now time.Time) time.Duration {
	if d := until.Sub(now); d > 0 && d <= longestBlock {
		return d
	}
	return 0
}
