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

// While rows are not believed (see Sessions.Version), each request with a session cookie reads
// the row of its session, even if it is then refused because the user has too many requests in
// progress. So the concurrent
// lookups are limited per session and in total. That leaves database connections for other
// queries. Further lookups wait, and the sessions take turns.
const (
	maxLookups           = 12
	maxLookupsPerSession = 4
	lookupWait           = 2 * time.Second
	lookupQueue          = 100_000 // the connections of clients are the real bound
)

func newLookups() *fair.Room {
	return fair.New(fair.Limits{Places: maxLookups, PerKey: maxLookupsPerSession, Queue: lookupQueue, Wait: lookupWait})
}

// lookUp reads a session from the database.
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

// maxPresentedCookies is how many cookies with our name Presented verifies. It runs before
// a request waits for its turn, so it must be cheap. A browser has one or two.
const maxPresentedCookies = 4

// Presented returns the token hash of the first cookie that is signed by us, whether or not
// its session is alive. It returns "" if none of the first maxPresentedCookies cookies is.
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
