package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vestibule/internal/fair"
	"vestibule/store/db"
)

// All writes of a user change the user's row in task_feed, so they wait for each other. On
// PostgreSQL each of them holds a connection while it waits: one user with many writes at a
// time would hold all of them. So a user may write with half of the connections for writes.
// Two at least, because the second transaction begins while the first is committed. Further
// writes wait here, where they hold nothing, and users take turns.
const (
	writeLimit = 5 * time.Second // of a write, with its wait
	writeQueue = 100_000         // MAX_REQUESTS_PER_CALLER is the real bound
)

func newWrites(s db.Shares) *fair.Room {
	return fair.New(fair.Limits{Places: s.Write, PerKey: max(2, s.Write/2), Queue: writeQueue})
}

// writing calls write, which changes the user's tasks, when it is the user's turn.
func (s *Server) writing(ctx context.Context, user string, write func(context.Context) error) error {
	ctx, cancel := db.Within(ctx, writeLimit)
	defer cancel()
	leave, err := s.writes.Enter(ctx, user, 1)
	if err != nil {
		if cause := context.Cause(ctx); cause == nil || errors.Is(cause, db.ErrUnavailable) {
			err = fmt.Errorf("%w: %w", db.ErrUnavailable, err)
		}
		return fmt.Errorf("wait to write: %w", err)
	}
	defer leave()
	return write(ctx)
}
