package api

import (
	"context"
	"time"

	"vestibule/internal/periodic"
)

const (
	tidyEvery = time.Minute
	tidyBatch = 100                   // rows of up to 61 KiB; small, so that other writers do not wait long
	tidyHold  = 20 * time.Millisecond // the longest time for work with several statements

	// eventsKept is how long an event can be used to resume. The store also bounds their
	// number.
	eventsKept = 24 * time.Hour
)

// tidy keeps the tables small and the tasks searchable until ctx ends. When it runs does
// not affect any answer.
func (s *Server) tidy(ctx context.Context) {
	periodic.Run(ctx, s.log, tidyEvery,
		periodic.Job{Failure: "tasks of another program were not made searchable", Batch: func(ctx context.Context) (bool, error) {
			return s.tasks.FoldTasks(ctx, tidyBatch, tidyHold)
		}},
		periodic.Job{Failure: "expired answers were not deleted", Batch: func(ctx context.Context) (bool, error) {
			n, err := s.tasks.DeleteExpiredAnswers(ctx, s.now(), tidyBatch)
			return n == tidyBatch, err
		}},
		periodic.Job{Failure: "old events were not deleted", Batch: func(ctx context.Context) (bool, error) {
			n, err := s.tasks.DeleteTaskEvents(ctx, s.now().Add(-eventsKept), tidyBatch)
			return n == tidyBatch, err
		}},
		periodic.Job{Failure: "the rows of deleted users were not deleted", Batch: func(ctx context.Context) (bool, error) {
			left, err := s.tasks.DeleteRemains(ctx, "")
			return left.UserID != "", err
		}},
	)
}
