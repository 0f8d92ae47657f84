package bff

import (
	"context"
	"time"

	"vestibule/internal/periodic"
	"vestibule/store"
)

const (
	pruneEvery = time.Hour
	pruneBatch = 200 // rows

	// linksKept is how long a link is kept after it has expired. Until then its owner is
	// told that it has expired, not that it is unknown.
	linksKept = time.Hour
)

// cleanupJobs returns the jobs that delete rows which are no longer needed.
func (s *Server) cleanupJobs() []periodic.Job {
	return []periodic.Job{
		{Failure: "expired sessions were not deleted", Batch: s.pruneBy(s.store.DeleteExpiredSessions, 0)},
		{Failure: "expired links were not deleted", Batch: s.pruneBy(s.store.DeleteExpiredVerifications, linksKept)},
		{Failure: "expired counters were not deleted", Batch: s.pruneBy(s.store.DeleteExpiredCounters, 0)},
		{Failure: "expired revocations of tokens were not deleted", Batch: s.pruneBy(s.store.DeleteExpiredRevocations, 0)},
		{Failure: "expired events were not deleted", Batch: s.pruneEvents},
		{Failure: "sessions beyond the limit were not deleted", Batch: s.trimSessions},
		{Failure: "the rows of deleted users were not deleted", Batch: s.pruneDeletedUsers},
	}
}

// pruneBy deletes rows that expired some time ago. The store does it in batches.
func (s *Server) pruneBy(del func(context.Context, time.Time) (int64, error), ago time.Duration) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		_, err := del(ctx, s.now().UTC().Truncate(time.Millisecond).Add(-ago))
		return false, err
	}
}

// pruneEvents deletes events that are older than the audit trail's retention.
func (s *Server) pruneEvents(ctx context.Context) (more bool, err error) {
	if s.cfg.AuditRetention < 0 {
		return false, nil
	}
	n, err := s.store.DeleteEvents(ctx, s.now().Add(-s.cfg.AuditRetention), pruneBatch)
	return n == pruneBatch, err
}

// trimSessions ends the sessions that exceed a user's limit because the operator lowered
// it. Sign-in applies the limit to new sessions. The store does it in batches.
func (s *Server) trimSessions(ctx context.Context) (more bool, err error) {
	if s.cfg.SessionsPerUser < 0 {
		return false, nil
	}
	e := s.surplus()
	e.Actor = store.ActorSystem
	return false, s.store.TrimSessions(ctx, s.cfg.SessionsPerUser, e)
}

// pruneDeletedUsers does what the task API does too. If the API does not run in this process,
// the list of deleted users must not grow for ever.
func (s *Server) pruneDeletedUsers(ctx context.Context) (more bool, err error) {
	if s.deleteRemains == nil {
		return false, nil
	}
	return s.deleteRemains(ctx)
}
