package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"vestibule/store/db"
)

// Counter counts what is tried. The zero value is of something that never was.
type Counter struct {
	Count        int       // in this window
	Strikes      int       // how often the limit was passed, lately
	WindowEnd    time.Time // when Count begins anew
	BlockedUntil time.Time // nothing is tried before
	ExpiresAt    time.Time // when the counter says nothing any more
}

// Counters returns the counters with the given keys, in their order. It locks and writes
// nothing.
func (s *Store) Counters(ctx context.Context, keys []string) (counters []Counter, err error) {
	err = s.Call(ctx, "read counters", func(ctx context.Context) (err error) {
		query := `SELECT key, ` + counterColumns + ` FROM throttle WHERE key IN (?` + strings.Repeat(`, ?`, len(keys)-1) + `)`
		counters, err = readCounters(ctx, s.CountRead(), keys, query, anyOf(keys)...)
		return err
	})
	return counters, err
}

// Count shows the counters with the given keys, each of which is named once, to decide,
// in their order, and keeps what it leaves in them; one that it makes zero is deleted.
// Nobody else, on any instance, sees or changes one of them meanwhile. decide may be
// called more than once, each time with what the database has.
func (s *Store) Count(ctx context.Context, keys []string, decide func([]Counter)) error {
	// In one order everywhere, so that two calls cannot wait for each other.
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

// never is the time in a row that was made only to be locked.
var never = time.Unix(0, 0).UTC()

// lockCounters makes the rows that are missing: what is not there cannot be locked.
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

// DeleteExpiredCounters deletes the counters that have expired by now, and returns
// how many there were.
func (s *Store) DeleteExpiredCounters(ctx context.Context, now time.Time) (int64, error) {
	return s.DeleteOld(ctx, "delete expired counters", "throttle", "key", `"expiresAt"`, now)
}
