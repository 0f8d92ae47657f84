package session

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"vestibule/internal/fair"
	"vestibule/internal/opaque"
	"vestibule/store"
)

// On PostgreSQL each request of a session looks at its row, also those that are refused
// then because too many of their user are under way. So the looks at one session are a
// few at a time, and all of them leave connections for what else there is to ask. The
// rest waits in turn, session by session.
const (
	maxLookups           = 12
	maxLookupsPerSession = 4
	lookupWait           = 2 * time.Second
	lookupQueue          = 100_000 // connections are what bounds it
)

func newLookups() *fair.Room {
	return fair.New(fair.Limits{Places: maxLookups, PerKey: maxLookupsPerSession, Queue: lookupQueue, Wait: lookupWait})
}

// look reads a session from the database.
func (s *Sessions) lookUp(ctx context.Context, hash string) (store.Session, store.User, error) {
	leave, err := s.lookups.Enter(ctx, hash, 1)
	if err != nil {
		if ctx.Err() == nil {
			err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		}
		return store.Session{}, store.User{}, fmt.Errorf("look up a session: %w", err)
	}
	defer leave()
	return s.store.SessionByTokenHash(ctx, hash)
}

// maxPresentedCookies is how many cookies of our name Presented looks at: it is asked before a
// request has its turn, so it must cost next to nothing. A browser has one, or two.
const maxPresentedCookies = 4

// Presented identifies the session of the first cookie that we have signed, whether or
// not it lives. It is "" where there is none among the first few.
func (s *Sessions) Presented(r *http.Request) string {
	cookies := r.CookiesNamed(s.Cookie.Name)
	v := verifier{Cookie: &s.Cookie}
	for _, cookie := range cookies[:min(len(cookies), maxPresentedCookies)] {
		if p, ok := v.verify(cookie.Value); ok {
			return opaque.Hash(p.token)
		}
	}
	return ""
}
