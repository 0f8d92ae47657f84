package proxy

import (
	"errors"
	"mime"
	"net/http"
	"strconv"

	"vestibule/internal/fair"
	"vestibule/internal/web"
)

// An API that hangs has every request wait for it, with two connections, goroutines and
// buffers. So the requests under way are bounded, in all and of one user. A request is
// under way until its answer has been sent, or the head of one that has no end: an
// event stream or a WebSocket.

const (
	// defaultMaxRequests is enough for ten thousand requests a second that take a tenth
	// of one.
	defaultMaxRequests = 1000
	// usersShare is the part of them that one user may have.
	usersShare = 10
	// retryAfterTooMany is the Retry-After beyond it, in seconds.
	retryAfterTooMany = 2
)

var errTooMany = web.Refuse(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many of your requests are under way. Please try again.").
	With("Retry-After", strconv.Itoa(retryAfterTooMany))

func newUnderWay(most int) *fair.Room {
	if most <= 0 {
		most = defaultMaxRequests
	}
	return fair.New(fair.Limits{Places: most, PerKey: max(1, most/usersShare)})
}

// begins takes the place of a request, which leave gives back.
func (p *Proxy) begins(r *http.Request, user string) (leave func(), err error) {
	leave, err = p.underWay.Enter(r.Context(), user, 1)
	switch {
	case errors.Is(err, fair.ErrKey):
		return nil, errTooMany.Because(err)
	case errors.Is(err, fair.ErrAll):
		return nil, web.Busy("requests are under way", err)
	}
	return leave, err
}

// endless says whether an answer has no end of its own.
func endless(res *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return res.StatusCode == http.StatusSwitchingProtocols || kind == "text/event-stream"
}
