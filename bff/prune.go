package bff

import (
	"context"
	"log/slog"
	"time"

	"vestibule/store"
	"vestibule/store/db"
)

// pruneEvery is how often rows are deleted that are of no more use. Nothing but
// the size of their tables depends on it.
const pruneEvery = time.Hour

// prune deletes such rows until ctx ends.
func (s *Server) prune(ctx context.Context) {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		for what, del := range map[string]func(context.Context) error{
			"expired counters":             s.limits.Prune,
			"expired events":               s.pruneEvents,
			"sessions beyond the limit":    s.trimSessions,
			"what deleted users have left": s.pruneRemains,
		} {
			if err := del(ctx); err != nil && ctx.Err() == nil {
				s.log.LogAttrs(ctx, slog.LevelWarn, "not deleted: "+what, slog.String("error", err.Error()))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// pruneEvents deletes what the audit trail need not keep any longer, a bounded
// number at a time, so that others are not kept from writing.
func (s *Server) pruneEvents(ctx context.Context) error {
	if s.cfg.AuditRetention == 0 {
		return nil
	}
	return db.InBatches(ctx, func() (bool, error) {
		n, err := s.store.DeleteEvents(ctx, s.now().Add(-s.cfg.AuditRetention), pruneBatch)
		return n == pruneBatch, err
	})
}

const pruneBatch = 200 // rows

// trimSessions ends what sessions users have beyond the limit: from before it was this
// low. Those that come are held to it by sign-in.
func (s *Server) trimSessions(ctx context.Context) error {
	if s.cfg.SessionsPerUser == 0 {
		return nil
	}
	e := s.surplus()
	e.Actor = store.ActorSystem
	return s.store.TrimSessions(ctx, s.cfg.SessionsPerUser, e)
}

// pruneRemains is the task API's work too. Where that does not run here, the list of
// deleted users must not grow for ever.
func (s *Server) pruneRemains(ctx context.Context) error {
	if s.deleteRemains == nil {
		return nil
	}
	return db.InBatches(ctx, func() (bool, error) { return s.deleteRemains(ctx) })
}
