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
// first beat.
func (s *DB) Instances(ctx context.Context, now time.Time) (found []Instance, err error) {
	err = s.Call(ctx, "instances", func(ctx context.Context) error {
		found = nil
		var i Instance
		var accepts string
		return s.Read().Each(ctx, []any{&accepts, &i.Signs, &i.Known}, func() {
			i.Accepts = strings.Fields(accepts)
			found = append(found, i)
		}, `SELECT COALESCE(accepts, ''), COALESCE(signs, ''), accepts IS NOT NULL FROM instance WHERE "seenAt" > ?`, now.Add(-instanceLives))
	})
	return found, err
}
