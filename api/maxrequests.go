package api

import (
	"cmp"
	"errors"
	"math"
	"net/http"

	"vestibule/api/bearer"
	"vestibule/internal/fair"
	"vestibule/internal/web"
)

// A request holds memory until its answer has been sent, and its reader decides how long
// that takes. So each caller may have only a bounded number of requests under way. A caller
// is a user, a service, or a service that acts for a user. Behind the BFF users have a
// lower bound (PROXY_MAX_REQUESTS); this one is for direct callers. Event streams have
// their own places. The bound on connections bounds the total.

// defaultMaxRequests is more than two processors can work on at once, and needs little
// memory.
const defaultMaxRequests = 256

var errTooMany = web.Refuse(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many of your requests are under way. Please try again.").
	With("Retry-After", "1")

func newCalls(perCaller int) *fair.Room {
	return fair.New(fair.Limits{Places: math.MaxInt, PerKey: cmp.Or(perCaller, defaultMaxRequests)})
}

// begins takes the place of a request. leave gives it back.
func (s *Server) begins(r *http.Request, caller bearer.Caller) (leave func(), err error) {
	if !ofTask(r, nil) {
		return func() {}, nil
	}
	leave, err = s.calls.Enter(r.Context(), caller.Name(), 1)
	if errors.Is(err, fair.ErrKey) {
		err = errTooMany.Because(err)
	}
	return leave, err
}
