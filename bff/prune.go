package bff

import (
	"context"
	"log/slog"
	"time"
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
			"counters": s.limits.Prune,
			"events":   s.pruneEvents,
		} {
			if err := del(ctx); err != nil && ctx.Err() == nil {
				s.log.LogAttrs(ctx, slog.LevelWarn, "expired "+what+" were not deleted", slog.String("error", err.Error()))
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
	for {
		n, err := s.store.DeleteEvents(ctx, s.now().Add(-s.cfg.AuditRetention), pruneBatch)
		if err != nil || n < pruneBatch {
			return err
		}
	}
}

const pruneBatch = 1000 // rows
