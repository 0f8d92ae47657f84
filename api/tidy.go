package api

import (
	"context"
	"log/slog"
	"time"
)

const (
	tidyEvery = time.Minute
	tidyBatch = 500                   // rows at a time, so that others are not kept from writing
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
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// batches repeats do while there is more, and rests in between for as long as it took:
// the time of the database is for requests.
func (s *Server) batches(ctx context.Context, failure string, do func() (more bool, err error)) {
	for {
		begun := time.Now()
		more, err := do()
		if err != nil && ctx.Err() == nil {
			s.log.LogAttrs(ctx, slog.LevelWarn, failure, slog.String("error", err.Error()))
		}
		if err != nil || !more {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Since(begun)):
		}
	}
}
