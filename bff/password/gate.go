package password

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vestibule/internal/fair"
)

// ErrBusy is returned when the queue is full or the wait for a permit took too
// long. Nothing was computed: answer 503 with Retry-After.
var ErrBusy = errors.New("password: too many computations at once")

// Share says whose share of the computations a call uses.
type Share struct {
	User    string // the authenticated user; "" for a stranger
	Address string // of the client; "" if there is none
	Network string // of the Address, if one client can have all of the network; otherwise ""
}

// key identifies who takes turns: a user, or all strangers of an address.
func (s Share) key() string {
	if s.User != "" {
		return s.User
	}
	return s.Address
}

// group identifies keys that may all belong to one client: the users of an address, because
// anybody can sign up several times, or the addresses of a network. It is "" if the key
// already says as much.
func (s Share) group() string {
	if s.User != "" && s.Network == "" {
		return s.Address
	}
	return s.Network
}

// gate lets a fixed number of computations run at a time, and a fixed number wait.
//
// Authenticated users and strangers wait in separate lines. While both wait, they get every
// second permit each. In a line, the key that holds the fewest permits is next; equal keys
// take turns. If a line is full, a newcomer replaces the latest entry of the key that has
// the most. A group gets at most half of a line, so one client cannot fill it with many
// users or addresses.
type gate struct {
	known, strangers line
	permits          *fair.Room // by kind
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
		// Only those with a place in their line wait here: parallel of each kind.
		permits: fair.New(fair.Limits{Places: parallel, Queue: 2 * parallel, Wait: wait}),
	}
}

// enter takes a permit. leave gives it back. The error is ErrBusy or that of the context.
func (g gate) enter(ctx context.Context, s Share) (leave func(), err error) {
	l := g.strangers
	if s.User != "" {
		l = g.known
	}
	var taken []func()
	leave = func() {
		for i := len(taken) - 1; i >= 0; i-- {
			taken[i]()
		}
	}
	for _, step := range []struct {
		room *fair.Room
		key  string
	}{{l.groups, s.group()}, {l.places, s.key()}, {g.permits, l.kind}} {
		if step.room == l.groups && step.key == "" {
			continue
		}
		back, err := step.room.Enter(ctx, step.key, 1)
		if err != nil {
			leave()
			return nil, busy(err)
		}
		taken = append(taken, back)
	}
	return leave, nil
}

func busy(err error) error {
	if _, full := errors.AsType[fair.Full](err); full {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return fmt.Errorf("password: waiting for a permit: %w", err)
}
