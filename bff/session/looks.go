package session

import (
	"context"
	"fmt"
	"time"

	"vestibule/internal/fair"
	"vestibule/store"
)

// On PostgreSQL each request of a session looks at its row, also those that are refused
// then because too many of their user are under way. So the looks at one session are a
// few at a time, and all of them leave connections for what else there is to ask. The
// rest waits in turn, session by session.
const (
	looksAtOnce = 12
	looksOfOne  = 4
	looksWait   = 2 * time.Second
	looksQueue  = 100_000 // connections are what bounds it
)

func newLooks() *fair.Room {
	return fair.New(fair.Limits{Places: looksAtOnce, PerKey: looksOfOne, Queue: looksQueue, Wait: looksWait})
}

// look reads a session from the database.
func (s *Sessions) look(ctx context.Context, hash string) (store.Session, store.User, error) {
	leave, err := s.looks.Enter(ctx, hash, 1)
	if err != nil {
		if ctx.Err() == nil {
			err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		}
		return store.Session{}, store.User{}, fmt.Errorf("look up a session: %w", err)
	}
	defer leave()
	return s.store.SessionByTokenHash(ctx, hash)
}
