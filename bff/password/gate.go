package password

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrBusy is returned when the queue is full or the wait for a permit took too
// long. The answer to it is 503 with Retry-After: nothing was computed.
var ErrBusy = errors.New("password: too many computations at once")

// gate lets a fixed number in at a time, and a fixed number wait in line.
type gate struct {
	permits chan struct{} // holds one element for each computation that runs
	line    chan struct{} // holds one element for each caller that waits
	wait    time.Duration
}

func newGate(parallel, queue int, wait time.Duration) gate {
	return gate{permits: make(chan struct{}, parallel), line: make(chan struct{}, queue), wait: wait}
}

// enter takes a permit, which leave gives back. It returns ErrBusy or the
// context's error without one.
func (g gate) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("password: %w", err)
	}
	// Nobody is overtaken here: a permit given back goes straight to the first
	// sender that is blocked on the channel, so there is room only when none is.
	select {
	case g.permits <- struct{}{}:
		return nil
	default:
	}
	select {
	case g.line <- struct{}{}:
		defer func() { <-g.line }()
	default:
		return ErrBusy
	}
	late := time.NewTimer(g.wait)
	defer late.Stop()
	select {
	case g.permits <- struct{}{}:
	case <-late.C:
		return ErrBusy
	case <-ctx.Done():
		return fmt.Errorf("password: waiting for a permit: %w", ctx.Err())
	}
	// select takes any ready case: a client that left in the same moment must
	// not start a computation.
	if err := ctx.Err(); err != nil {
		g.leave()
		return fmt.Errorf("password: waiting for a permit: %w", err)
	}
	return nil
}

func (g gate) leave() { <-g.permits }
