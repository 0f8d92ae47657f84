package db

import (
	"context"
	"strings"
	"time"
)

// instanceLives is how long after its last beat a process counts as running. Their clocks
// may differ.
const instanceLives = time.Minute

// Instance is what a running process says of its secrets, by fingerprints.
type Instance struct {
	Accepts []string // none: it needs no secret
	Signs   string   // "": it signs nothing
	Known   bool     // false: it is of an earlier version, which says nothing
}

// HoldSecrets sets what the beats of this process say.
func (s *DB) HoldSecrets(i Instance) { s.secrets.Store(&i) }

// Join writes the first row of this process, and sets what its beats will say, unless fits
// returns an error for the other running processes. Then it writes nothing and returns that
// error. Processes join one after the other: of two that start at the same moment, one sees
// the row of the other.
func (s *DB) Join(ctx context.Context, instance string, mine Instance, now time.Time, fits func(others []Instance) error) error {
	s.HoldSecrets(mine)
	return s.Tx(ctx, "write the instance's first row", func(ctx context.Context, q Querier) error {
		if lock := s.engine.lockInstancesSQL; lock != "" {
			if _, err := q.Exec(ctx, lock); err != nil {
				return err
			}
		}
		others, err := instances(ctx, q, now)
		if err == nil {
			err = fits(others)
		}
		if err == nil {
			err = s.beat(ctx, q, instance, now)
		}
		return err
	})
}

// heldSecrets returns the columns for HoldSecrets. They are NULL before it was called.
func (s *DB) heldSecrets() (accepts, signs *string) {
	i := s.secrets.Load()
	if i == nil {
		return nil, nil
	}
	words := strings.Join(i.Accepts, " ")
	return &words, &i.Signs
}

// Instances returns the processes that run on this database, this one included after its
// first row.
func (s *DB) Instances(ctx context.Context, now time.Time) (found []Instance, err error) {
	err = s.Call(ctx, "instances", func(ctx context.Context) (err error) {
		found, err = instances(ctx, s.Read(), now)
		return err
	})
	return found, err
}

func instances(ctx context.Context, q Querier, now time.Time) (found []Instance, err error) {
	var i Instance
	var accepts string
	err = q.Each(ctx, []any{&accepts, &i.Signs, &i.Known}, func() {
		i.Accepts = strings.Fields(accepts)
		found = append(found, i)
	}, `SELECT COALESCE(accepts, ''), COALESCE(signs, ''), accepts IS NOT NULL FROM instance WHERE "seenAt" > ?`, now.Add(-instanceLives))
	return found, err
}

// LatestBeat returns when a process has last written its row, by the clock of that process. It
// is the zero time if none has.
func (s *DB) LatestBeat(ctx context.Context) (latest time.Time, err error) {
	err = s.Call(ctx, "the latest beat", func(ctx context.Context) error {
		return s.Read().Each(ctx, []any{Instant(&latest)}, func() {}, `SELECT "seenAt" FROM instance ORDER BY "seenAt" DESC LIMIT 1`)
	})
	return latest, err
}
