package api

import (
	"context"
	"log/slog"
	"time"
)

const (
	tidyEvery = time.Minute
	tidyBatch = 500 // rows at a time, so that others are not kept from writing

	// eventsKept is how long an event can be resumed from; the store also bounds
	// how many there are.
	eventsKept = 24 * time.Hour
)

// tidy keeps the tables small and the tasks searchable until ctx ends. Nothing
// that is answered depends on when.
func (s *Server) tidy(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		s.batches(ctx, "tasks of another program were not made searchable", func() (int64, error) {
			n, err := s.tasks.FoldTasks(ctx, tidyBatch)
			return int64(n), err
		})
		s.batches(ctx, "expired answers were not deleted", func() (int64, error) {
			return s.tasks.DeleteExpiredAnswers(ctx, s.now(), tidyBatch)
		})
		s.batches(ctx, "old events were not deleted", func() (int64, error) {
			return s.tasks.DeleteTaskEvents(ctx, s.now().Add(-eventsKept), tidyBatch)
		})
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Server) batches(ctx context.Context, failure string, do func() (int64, error)) {
	for ctx.Err() == nil {
		n, err := do()
		if err != nil && ctx.Err() == nil {
			s.log.LogAttrs(ctx, slog.LevelWarn, failure, slog.String("error", err.Error()))
		}
		if err != nil || n < tidyBatch {
			return
		}
	}
}
