package proxy

import (
	"math"
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/fair"
	"vestibule/internal/web"
)

// If the API hangs, every request waits for it. A client that sends or reads slowly makes
// its own request wait. Each waiting request holds two connections, goroutines and
// buffers. So there are three limits:
//
//   - Per user and per address: a request counts from the moment its session is found
//     until its answer has been sent. The address has a limit because users cost nothing:
//     one address can sign up many.
//   - For all requests together: a request counts only while the proxy waits for the API,
//     not while it waits for the client. Otherwise a few users with slow clients could
//     take every place. One of several APIs gets at most half of the places, however many routes
//     lead to it.
//
// A stream counts as a request only until the header of its answer arrives. From then on
// it takes a stream place instead (stream.go).

const (
	// DefaultMaxRequests is enough for 10,000 requests per second that take 100 ms each.
	DefaultMaxRequests = 1000
	// One user may have 1/userShare of the places, and one address, which many users may
	// share, 1/addressShare. The second also bounds the memory that slow readers at one
	// address hold: up to 0.7 MiB each, for a page of tasks.
	userShare, addressShare = 10, 5
	// One of several APIs may have 1/apiShare.
	apiShare = 2
	// retryAfterTooMany is the Retry-After of a 429, in seconds.
	retryAfterTooMany = 2
)

var (
	errTooMany        = tooMany("Too many of your requests are under way. Please try again.")
	errTooManyAddress = tooMany("Too many requests from your address are under way. Please try again.")
)

func busy(cause error) *web.Error { return web.Busy("requests are under way", cause) }

func tooMany(message string) *web.Error {
	return web.Refuse(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", message).With("Retry-After", strconv.Itoa(retryAfterTooMany))
}

// Limits counts the requests under way. Make it with NewLimits.
type Limits struct {
	users, addresses, all *fair.Room

	most int
}

// NewLimits returns limits by which at most this many requests may wait for APIs at once; 0
// means DefaultMaxRequests. A user may have a tenth of this number under way, and an address a
// fifth. If there are several APIs, half of the places may wait for one of them, so that an API that
// hangs does not take the places of all others.
func NewLimits(most, apis int) *Limits {
	if most <= 0 {
		most = DefaultMaxRequests
	}
	share := func(part int) *fair.Room {
		return fair.New(fair.Limits{Places: math.MaxInt, PerKey: max(1, most/part)})
	}
	return &Limits{users: share(userShare), addresses: share(addressShare), all: fair.New(fair.Limits{Places: most, PerKey: perAPI(most, apis)}), most: most}
}

// SetAPIs says how many APIs there are from now on. Requests under way keep their places.
func (l *Limits) SetAPIs(n int) { l.all.SetPerKey(perAPI(l.most, n)) }

// perAPI returns how many of the places may wait for one API.
func perAPI(most, apis int) int {
	if apis > 1 {
		return max(1, most/apiShare)
	}
	return most
}

// Measure registers how many requests are under way. A nil r registers nothing.
func (l *Limits) Measure(r prometheus.Registerer) {
	l.addresses.Measure(r, "bff", "proxied")
	l.all.Measure(r, "bff", "waiting-for-apis")
}

// requestPlaces are the places that one request holds.
type requestPlaces struct {
	user, address fair.Place
	all           *fair.Room
	api           string

	mu       sync.Mutex
	shared   fair.Place
	answered bool // the API has answered, so no shared place is needed any more
}

// acquire takes the places that a request needs. releaseAll gives them back, also after an
// error.
func (p *requestPlaces) acquire(limits *Limits, api, user, address string) (err error) {
	p.all, p.api = limits.all, api
	if user != "" { // somebody is signed in
		if p.user, err = limits.users.Take(user, 1); err != nil {
			return errTooMany.Because(err)
		}
	}
	if p.address, err = limits.addresses.Take(address, 1); err != nil {
		return errTooManyAddress.Because(err)
	}
	return p.acquireShared()
}

// acquireShared takes a place among all requests that wait for the API, unless the request
// already has one or has been answered.
func (p *requestPlaces) acquireShared() (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answered || p.shared.Held() {
		return nil
	}
	// The key is the API, because all clients have an equal claim. So the error is not that of a
	// client that has too much: the BFF delays the answers of such clients.
	if p.shared, err = p.all.Take(p.api, 1); err != nil {
		return busy(fair.ErrAll)
	}
	return nil
}

// pause gives the shared place back while the proxy waits for the client, or for the place of a
// stream.
func (p *requestPlaces) pause() { p.releaseShared(false) }

// markAnswered gives the shared place back for good.
func (p *requestPlaces) markAnswered() { p.releaseShared(true) }

func (p *requestPlaces) releaseShared(answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered = p.answered || answered
	p.shared.Leave()
}

// releaseAll gives back all places. It may be called more than once.
func (p *requestPlaces) releaseAll() {
	p.markAnswered()
	p.address.Leave()
	p.user.Leave()
}
