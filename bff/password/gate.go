package password

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"vestibule/internal/fair"
)

// ErrBusy means that the queue is full or that a permit took too long. Nothing was computed.
// Answer 503 with Retry-After.
var ErrBusy = errors.New("password: too many computations at a time")

// Share identifies the client for the fair sharing of computations.
type Share struct {
	User    string // the authenticated user; "" for a stranger
	Address string // the client's address; "" if unknown
	Network string // the network of Address if one customer can have all of it; otherwise ""
}

// key identifies one participant in a line: a user, or all strangers of an address.
func (s Share) key() string {
	if s.User != "" {
		return s.User
	}
	return s.Address
}

// group identifies keys that may all belong to one client. They are the addresses of a
// network, or the users of an address, because anybody can sign up several times. It is ""
// for a stranger without a Network: the key is then the whole address.
func (s Share) group() string {
	if s.User != "" && s.Network == "" {
		return s.Address
	}
	return s.Network
}

// gate lets a fixed number of computations run at a time, and a fixed number wait.
//
// Authenticated users and strangers wait in separate lines. While both lines wait, permits
// alternate between them. In a line, the key that holds the fewest permits is next, and equal
// keys take turns. If a line is full, a newcomer replaces the latest entry of the key with the
// most entries. A group gets at most half of a line, so one client cannot fill it with many
// users or addresses.
type gate struct {
	known, strangers line
	permits          *fair.Room // its keys are the kinds of the lines

	waits    prometheus.Histogram
	refusals prometheus.Counter
}

type line struct {
	kind   string
	groups *fair.Room
	places *fair.Room
}

func newGate(parallel, queue int, wait time.Duration, r prometheus.Registerer) gate {
	newLine := func(kind string) line {
		all := parallel + queue
		return line{
			kind:   kind,
			groups: fair.New(fair.Limits{Places: all, PerKey: max(1, all/2)}),
			places: fair.New(fair.Limits{Places: parallel, Queue: queue, Wait: wait}),
		}
	}
	g := gate{
		known:     newLine("known"),
		strangers: newLine("strangers"),
		// Only calls with a place in their line wait here, at most parallel of each kind.
		permits: fair.New(fair.Limits{Places: parallel, Queue: 2 * parallel, Wait: wait}),

		waits: promauto.With(r).NewHistogram(prometheus.HistogramOpts{
			Name:    "vestibule_password_wait_seconds",
			Help:    "How long computations of password hashes have waited for their turn. Refused ones are left out.",
			Buckets: []float64{.001, .01, .05, .1, .25, .5, 1, 2, 4},
		}),
		refusals: promauto.With(r).NewCounter(prometheus.CounterOpts{
			Name: "vestibule_password_refusals_total",
			Help: "Computations of password hashes that were refused because the queue was full or the wait too long. Their requests got a 503.",
		}),
	}
	g.known.places.Measure(r, "bff", "passwords-of-users")
	g.strangers.places.Measure(r, "bff", "passwords-of-strangers")
	return g
}

// enter takes a permit. leave returns it. The error is ErrBusy or the context's.
func (g gate) enter(ctx context.Context, s Share) (leave func(), err error) {
	l := g.strangers
	if s.User != "" {
		l = g.known
	}
	begun := time.Now()
	var releases []func()
	leave = func() {
		for i := len(releases) - 1; i >= 0; i-- {
			releases[i]()
		}
	}
	for _, step := range []struct {
		room *fair.Room
		key  string
	}{{l.groups, s.group()}, {l.places, s.key()}, {g.permits, l.kind}} {
		if step.room == l.groups && step.key == "" {
			continue
		}
		release, err := step.room.Enter(ctx, step.key, 1)
		if err != nil {
			leave()
			return nil, g.refused(err)
		}
		releases = append(releases, release)
	}
	g.waits.Observe(time.Since(begun).Seconds())
	return leave, nil
}

func (g gate) refused(err error) error {
	if _, full := errors.AsType[fair.Full](err); full {
		g.refusals.Inc()
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return fmt.Errorf("password: wait for a permit: %w", err)
}
