package password

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

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
}

type line struct {
	kind   string
	groups *fair.Room
	places *fair.Room
}

func newGate(parallel, queue int, wait time.Duration) gate {
	newLine := func(kind string) line {
		all := parallel + queue
		return line{
			kind:   kind,
			groups: fair.New(fair.Limits{Places: all, PerKey: max(1, all/2)}),
			places: fair.New(fair.Limits{Places: parallel, Queue: queue, Wait: wait}),
		}
	}
	return gate{
		known:     newLine("known"),
		strangers: newLine("strangers"),
		// Only calls with a place in their line wait here, at most parallel of each kind.
		permits: fair.New(fair.Limits{Places: parallel, Queue: 2 * parallel, Wait: wait}),
	}
}

// enter takes a permit. leave returns it. The error is ErrBusy or the context's.
func (g gate) enter(ctx context.Context, s Share) (leave func(), err error) {
	l := g.strangers
	if s.User != "" {
		l = g.known
	}
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
			return nil, busy(err)
		}
		releases = append(releases, release)
	}
	return leave, nil
}

func busy(err error) error {
	if _, full := errors.AsType[fair.Full](err); full {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return fmt.Errorf("password: wait for a permit: %w", err)
}

// Measure registers how many computations run and wait. A nil r registers nothing.
func (h *Hasher) Measure(r prometheus.Registerer) {
	h.gate.known.places.Measure(r, "bff", "passwords-of-users")
	h.gate.strangers.places.Measure(r, "bff", "passwords-of-strangers")
}
