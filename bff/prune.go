package bff

import (
	"context"
	"time"

	"vestibule/internal/cleanup"
	"vestibule/store"
)

const (
	pruneEvery = time.Hour
	pruneBatch = 200 // rows

	// linksKept is how long a link is kept after its end: its owner is told that it has
	// expired, and not that it is unknown.
	linksKept = time.Hour
)

// pruned are the rows that are of no more use.
func (s *Server) pruned() []cleanup.Job {
	return []cleanup.Job{
		{Failure: "expired sessions were not deleted", Batch: s.pruneBy(s.store.DeleteExpiredSessions, 0)},
		{Failure: "expired links were not deleted", Batch: s.pruneBy(s.store.DeleteExpiredVerifications, linksKept)},
		{Failure: "expired counters were not deleted", Batch: s.pruneBy(s.store.DeleteExpiredCounters, 0)},
		{Failure: "expired events were not deleted", Batch: s.pruneEvents},
		{Failure: "sessions beyond the limit were not deleted", Batch: s.trimSessions},
		{Failure: "what deleted users have left was not deleted", Batch: s.pruneRemains},
	}
}

// pruneBy deletes what had expired some time ago. The store does it in batches.
func (s *Server) pruneBy(del func(context.Context, time.Time) (int64, error), ago time.Duration) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		_, err := del(ctx, s.now().UTC().Truncate(time.Millisecond).Add(-ago))
		return false, err
	}
}

// pruneEvents deletes what the audit trail need not keep any longer.
func (s *Server) pruneEvents(ctx context.Context) (more bool, err error) {
	if s.cfg.AuditRetention < 0 {
		return false, nil
	}
	n, err := s.store.DeleteEvents(ctx, s.now().Add(-s.cfg.AuditRetention), pruneBatch)
	return n == pruneBatch, err
}

// trimSessions ends the sessions that users have beyond the limit: from before it was
// this low. Sign-in holds new ones to it. The store does it in batches.
func (s *Server) trimSessions(ctx context.Context) (more bool, err error) {
	if s.cfg.SessionsPerUser < 0 {
		return false, nil
	}
	e := s.surplus()
	e.Actor = store.ActorSystem
	return false, s.store.TrimSessions(ctx, s.cfg.SessionsPerUser, e)
}

// pruneRemains is the task API's work too. Where that does not run here, the list of
// deleted users must not grow for ever.
func (s *Server) pruneRemains(ctx context.Context) (more bool, err error) {
	if s.deleteRemains == nil {
		return false, nil
	}
	return s.deleteRemains(ctx)
}
