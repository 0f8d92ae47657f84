package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"vestibule/store/db"
)

// Counter counts attempts. The zero value means that there were none.
type Counter struct {
	Count        int       // in this window
	Strikes      int       // how often the limit was exceeded recently
	WindowEnd    time.Time // when Count starts again from 0
	BlockedUntil time.Time // no attempt is allowed before
	ExpiresAt    time.Time // when the counter can be deleted
}

// Counters returns the counters with the keys, in the order of keys. It locks nothing and
// writes nothing.
func (s *Store) Counters(ctx context.Context, keys []string) (counters []Counter, err error) {
	err = s.Call(ctx, "read counters", func(ctx context.Context) (err error) {
		query := `SELECT key, ` + counterColumns + ` FROM throttle WHERE key IN (?` + strings.Repeat(`, ?`, len(keys)-1) + `)`
		counters, err = readCounters(ctx, s.CountRead(), keys, query, anyOf(keys)...)
		return err
	})
	return counters, err
}

// Count locks the counters with the keys, calls decide with them in the order of keys, and
// stores what decide leaves in them. A counter that is then zero is deleted. Keys must be
// distinct. No other instance can read or change the counters meanwhile. decide may be
// called more than once, each time with the values of the database.
func (s *Store) Count(ctx context.Context, keys []string, decide func([]Counter)) error {
	// All callers use the same order, so that two calls cannot deadlock.
	sorted := slices.Sorted(slices.Values(keys))
	return s.CountTx(ctx, "count", func(ctx context.Context, q db.Querier) error {
		counters, err := lockCounters(ctx, q, keys, sorted)
		if err != nil {
			return err
		}
		decide(counters)
		return putCounters(ctx, q, keys, sorted, counters)
	})
}

const (
	counterColumns = `count, strikes, "windowEnd", "blockedUntil", "expiresAt"`
	counterRow     = `(?, ?, ?, ?, ?, ?)`
)

// never marks a row that was inserted only to be locked.
var never = time.Unix(0, 0).UTC()

// lockCounters inserts missing rows, because only rows that exist can be locked.
func lockCounters(ctx context.Context, q db.Querier, keys, sorted []string) ([]Counter, error) {
	var args []any
	for _, key := range sorted {
		args = append(args, key, 0, 0, never, never, never)
	}
	return readCounters(ctx, q, keys, putCountersSQL(len(sorted))+`key = excluded.key RETURNING key, `+counterColumns, args...)
}

func putCountersSQL(n int) string {
	return `INSERT INTO throttle (key, ` + counterColumns + `) VALUES ` + counterRow + strings.Repeat(`, `+counterRow, n-1) +
		` ON CONFLICT (key) DO UPDATE SET `
}

func readCounters(ctx context.Context, q db.Querier, keys []string, query string, args ...any) ([]Counter, error) {
	found := map[string]Counter{}
	var key string
	var c Counter
	err := q.Each(ctx, []any{&key, &c.Count, &c.Strikes, db.Instant(&c.WindowEnd), db.Instant(&c.BlockedUntil), db.Instant(&c.ExpiresAt)}, func() {
		if !c.ExpiresAt.Equal(never) {
			found[key] = c
		}
	}, query, args...)
	if err != nil {
		return nil, err
	}
	counters := make([]Counter, len(keys))
	for i, key := range keys {
		counters[i] = found[key]
	}
	return counters, nil
}

func putCounters(ctx context.Context, q db.Querier, keys, sorted []string, counters []Counter) error {
	var kept, gone []any
	for _, key := range sorted {
		c := counters[slices.Index(keys, key)]
		if c == (Counter{}) {
			gone = append(gone, key)
			continue
		}
		if c.BlockedUntil.IsZero() {
			c.BlockedUntil = never
		}
		kept = append(kept, key, c.Count, c.Strikes, c.WindowEnd, c.BlockedUntil, c.ExpiresAt)
	}
	if n := len(gone); n > 0 {
		if _, err := q.Exec(ctx, `DELETE FROM throttle WHERE key IN (?`+strings.Repeat(`, ?`, n-1)+`)`, gone...); err != nil {
			return err
		}
	}
	if n := len(sorted) - len(gone); n > 0 {
		_, err := q.Exec(ctx, putCountersSQL(n)+`count = excluded.count, strikes = excluded.strikes,
			"windowEnd" = excluded."windowEnd", "blockedUntil" = excluded."blockedUntil", "expiresAt" = excluded."expiresAt"`, kept...)
		return err
	}
	return nil
}

func anyOf(keys []string) []any {
	args := make([]any, len(keys))
	for i, key := range keys {
		args[i] = key
	}
	return args
}

// DeleteExpiredCounters deletes the expired counters and returns their number.
func (s *Store) DeleteExpiredCounters(ctx context.Context, now time.Time) (int64, error) {
	return s.DeleteOld(ctx, "delete expired counters", "throttle", "key", `"expiresAt"`, now)
}
