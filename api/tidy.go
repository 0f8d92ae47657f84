package api

import (
	"context"
	"log/slog"
	"time"

	"vestibule/store/db"
)

const (
	tidyEvery = time.Minute
	tidyBatch = 100                   // rows of up to 41 KiB at a time, so that others are not kept from writing
	tidyHold  = 20 * time.Millisecond // for what is more than a single statement

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
		s.batches(ctx, "tasks of another program were not made searchable", func() (bool, error) {
			return s.tasks.FoldTasks(ctx, tidyBatch, tidyHold)
		})
		s.batches(ctx, "expired answers were not deleted", func() (bool, error) {
			n, err := s.tasks.DeleteExpiredAnswers(ctx, s.now(), tidyBatch)
			return n == tidyBatch, err
		})
		s.batches(ctx, "old events were not deleted", func() (bool, error) {
			n, err := s.tasks.DeleteTaskEvents(ctx, s.now().Add(-eventsKept), tidyBatch)
			return n == tidyBatch, err
		})
		s.batches(ctx, "what deleted users have left was not deleted", func() (bool, error) {
			left, err := s.tasks.DeleteRemains(ctx, "")
			return left.UserID != "", err
		})
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// batches repeats do while there is more.
func (s *Server) batches(ctx context.Context, failure string, do func() (more bool, err error)) {
	if err := db.InBatches(ctx, do); err != nil && ctx.Err() == nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, failure, slog.String("error", err.Error()))
	}
}
