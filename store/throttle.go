package store

import (
	"context"
	"slices"
	"time"
)

// Counter counts what is tried. The zero value is of something that never was.
type Counter struct {
	Count        int       // in this window
	Strikes      int       // how often the limit was passed, lately
	WindowEnd    time.Time // when Count begins anew
	BlockedUntil time.Time // nothing is tried before
	ExpiresAt    time.Time // when the counter says nothing any more
}

// Count shows the counters with the given keys to decide, in their order, and
// keeps what it leaves in them; one that it makes zero is deleted. Nobody else,
// on any instance, sees or changes one of them meanwhile. decide may be called
// more than once, each time with what the database has.
func (s *Store) Count(ctx context.Context, keys []string, decide func([]Counter)) error {
	// In one order everywhere, so that two calls cannot wait for each other.
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if keys[a] < keys[b] {
			return -1
		}
		return 1
	})
	return s.tx(ctx, "count", func(ctx context.Context, q querier) error {
		counters := make([]Counter, len(keys))
		for _, i := range order {
			if err := lockCounter(ctx, q, keys[i], &counters[i]); err != nil {
				return err
			}
		}
		decide(counters)
		for _, i := range order {
			if err := putCounter(ctx, q, keys[i], counters[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// never is the time in a row that was made only to be locked.
var never = time.Unix(0, 0).UTC()

func lockCounter(ctx context.Context, q querier, key string, c *Counter) error {
	err := q.one(ctx, []any{&c.Count, &c.Strikes, instant{&c.WindowEnd}, instant{&c.BlockedUntil}, instant{&c.ExpiresAt}},
		`INSERT INTO throttle (key, count, strikes, "windowEnd", "blockedUntil", "expiresAt") VALUES (?, 0, 0, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET key = excluded.key
		RETURNING count, strikes, "windowEnd", "blockedUntil", "expiresAt"`, key, never, never, never)
	if c.ExpiresAt.Equal(never) {
		*c = Counter{}
	}
	return err
}

func putCounter(ctx context.Context, q querier, key string, c Counter) error {
	if c == (Counter{}) {
		_, err := q.exec(ctx, `DELETE FROM throttle WHERE key = ?`, key)
		return err
	}
	if c.BlockedUntil.IsZero() {
		c.BlockedUntil = never
	}
	_, err := q.exec(ctx, `UPDATE throttle SET count = ?, strikes = ?, "windowEnd" = ?, "blockedUntil" = ?, "expiresAt" = ? WHERE key = ?`,
		c.Count, c.Strikes, c.WindowEnd, c.BlockedUntil, c.ExpiresAt, key)
	return err
}

// DeleteExpiredCounters deletes the counters that have expired by now, and returns
// how many there were.
func (s *Store) DeleteExpiredCounters(ctx context.Context, now time.Time) (int64, error) {
	return s.deleteOld(ctx, "delete expired counters", "throttle", "key", `"expiresAt"`, now)
}
