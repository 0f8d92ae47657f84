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

// A request holds memory until its answer has been sent, and how fast that is, its
// reader decides. So the requests under way of one caller are bounded: of a user, of a
// service, and of each service that acts for a user. Behind the BFF a user has fewer
// (PROXY_MAX_REQUESTS); this bound is for those who call the API themselves. Streams of
// events have places of their own. How many there are in all is a matter of connections.

// defaultMaxRequests is more than two processors work on at once, and little memory.
const defaultMaxRequests = 256

var errTooMany = web.Refuse(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many of your requests are under way. Please try again.").
	With("Retry-After", "1")

func newCalls(perCaller int) *fair.Room {
	return fair.New(fair.Limits{Places: math.MaxInt, PerKey: cmp.Or(perCaller, defaultMaxRequests)})
}

// begins takes the place of a request, which leave gives back.
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
