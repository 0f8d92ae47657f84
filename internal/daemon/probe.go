package daemon

import (
	"context"
	"errors"
	"sync"
)

// probe is one check of /readyz and /healthz.
type probe struct {
	name  string
	check func(context.Context) error
}

var errProbeTimeout = errors.New("no answer in time")

// bounded returns a probe that always answers in time. If the context ends before the
// check, the probe fails and the check continues in the background. Only one check runs
// at a time: otherwise every poll would start one more check that waits for a hung disk.
func (p probe) bounded() probe {
	var mu sync.Mutex
	var running *probeCall
	return probe{p.name, func(ctx context.Context) error {
		mu.Lock()
		call := running
		if call == nil {
			call = &probeCall{done: make(chan struct{})}
			running = call
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
			go func() {
				defer cancel()
				call.err = p.check(ctx)
				mu.Lock()
				defer mu.Unlock()
				running = nil
				close(call.done)
			}()
		}
		mu.Unlock()
		select {
		case <-call.done:
			return call.err
		case <-ctx.Done():
			return errProbeTimeout
		}
	}}
}

// probeCall is a check in progress.
type probeCall struct {
	done chan struct{}
	err  error // valid after done is closed
}

// inOrder returns a probe that runs several checks in order and stops at the first
// error.
func inOrder(name string, checks ...func(context.Context) error) probe {
	return probe{name, func(ctx context.Context) error {
		for _, check := range checks {
			if err := check(ctx); err != nil {
				return err
			}
		}
		return nil
	}}
}
