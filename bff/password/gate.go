package password

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vestibule/internal/fair"
)

// ErrBusy is returned when the queue is full or the wait for a permit took too
// long. The answer to it is 503 with Retry-After: nothing was computed.
var ErrBusy = errors.New("password: too many computations at once")

// Asker is whom something is computed for.
type Asker struct {
	User    string // who has shown who they are; "" for a stranger
	Address string // of the client; "" where there is none
	Network string // that Address lies in, where one client can have all of it; or ""
}

// key is whom an asker shares turns with: nobody, or all strangers of the address.
func (a Asker) key() string {
	if a.User != "" {
		return a.User
	}
	return a.Address
}

// crowd is of whom one client may be many: the users of an address, who may be anybody
// who has signed up, and the addresses of a network. It is "" where it would be no more
// than the key.
func (a Asker) crowd() string {
	if a.User != "" && a.Network == "" {
		return a.Address
	}
	return a.Network
}

// gate lets a fixed number in at a time, and a fixed number wait.
//
// Those who are known wait in a line of their own, and get every second permit as long
// as there are any of both kinds. In each line the next is whose key holds the least,
// and between equals in turn. In a full line a newcomer takes the place of the latest
// of the key that has the most. No crowd has more than half of a line, so that one
// client does not fill it by being many.
type gate struct {
	known, strangers line
	permits          *fair.Room // by kind
}

type line struct {
	kind   string
	crowds *fair.Room
	places *fair.Room
}

func newGate(parallel, queue int, wait time.Duration) gate {
	newLine := func(kind string) line {
		all := parallel + queue
		return line{
			kind:   kind,
			crowds: fair.New(fair.Limits{Places: all, PerKey: max(1, all/2)}),
			places: fair.New(fair.Limits{Places: parallel, Queue: queue, Wait: wait}),
		}
	}
	return gate{
		known:     newLine("known"),
		strangers: newLine("strangers"),
		// Of each kind no more than have a place in their line come here.
		permits: fair.New(fair.Limits{Places: parallel, Queue: 2 * parallel, Wait: wait}),
	}
}

// enter takes a permit, which leave gives back. It returns ErrBusy or the
// context's error without one.
func (g gate) enter(ctx context.Context, a Asker) (leave func(), err error) {
	l := g.strangers
	if a.User != "" {
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
	}{{l.crowds, a.crowd()}, {l.places, a.key()}, {g.permits, l.kind}} {
		if step.room == l.crowds && step.key == "" {
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
