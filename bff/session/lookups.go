package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vestibule/internal/fair"
	"vestibule/internal/opaque"
	"vestibule/store"
	"vestibule/store/db"
)

// While PostgreSQL's notifications do not arrive, each request with a session cookie reads
// the row of its session, even if it is then refused because the user has too many requests
// in progress. So the concurrent lookups are limited per session and in total: two thirds of
// the connections that read, and half of that. Further lookups wait, and the sessions take
// turns.
const (
	checkLimit  = 2 * time.Second // of what a request waits for its session, also when the database is silent
	lookupQueue = 100_000         // the connections of clients are the real bound
)

// lookupPlaces returns how many lookups read at a time, in total and of one session.
func lookupPlaces(s db.Shares) (all, one int) {
	all = max(1, s.Read*2/3)
	return all, max(1, all/2)
}

func newLookups(s db.Shares) *fair.Room {
	all, one := lookupPlaces(s)
	return fair.New(fair.Limits{Places: all, PerKey: one, Queue: lookupQueue})
}

// enter waits for a place to look a session up, and returns the function that leaves it.
func (s *Sessions) enter(ctx context.Context, hash string) (leave func(), err error) {
	leave, err = s.lookups.Enter(ctx, hash, 1)
	if err == nil {
		return leave, nil
	}
	if cause := context.Cause(ctx); cause == nil || errors.Is(cause, store.ErrUnavailable) {
		err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return nil, fmt.Errorf("look up a session: %w", err)
}

// maxPresentedCookies is how many cookies with our name Presented verifies. It runs before
// a request waits for its turn, so it must be cheap. A browser has one or two.
const maxPresentedCookies = 4

// Presented returns the token hash of the first cookie that is signed by us, whether or not
// its session is alive. It returns "" if none of the first maxPresentedCookies cookies is.
func (s *Sessions) Presented(r *http.Request) string {
	values := valuesOf(r.Header, s.Cookie.Name)
	for range maxPresentedCookies {
		value, ok := values.next()
		if !ok {
			break
		}
		if p, ok := s.Cookie.verify(value); ok {
			return opaque.Hash(p.token)
		}
	}
	return ""
}
