package daemon

import (
	"context"
	"errors"
	"sync"
)

// probe is one thing that must be right for requests to be answered.
type probe struct {
	name  string
	check func(context.Context) error
}

var errProbeTimeout = errors.New("no answer in time")

// patient returns the probe with an answer in any case: when the context ends first,
// that is the answer, and what was asked goes on by itself. Nothing is asked twice at
// once, or each question to a hung disk would leave another one waiting there.
func (p probe) bounded() probe {
	var mu sync.Mutex
	var running *probeCall
	return probe{p.name, func(ctx context.Context) error {
		mu.Lock()
		f := running
		if f == nil {
			f = &probeCall{done: make(chan struct{})}
			running = f
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
			go func() {
				defer cancel()
				f.err = p.check(ctx)
				mu.Lock()
				defer mu.Unlock()
				running = nil
				close(f.done)
			}()
		}
		mu.Unlock()
		select {
		case <-f.done:
			return f.err
		case <-ctx.Done():
			return errProbeTimeout
		}
	}}
}

// asked is a question under way.
type probeCall struct {
	done chan struct{}
	err  error // after done
}

// all asks one probe after the other, under one name, until one fails.
func inOrder(name string, probes ...func(context.Context) error) probe {
	return probe{name, func(ctx context.Context) error {
		for _, ask := range probes {
			if err := ask(ctx); err != nil {
				return err
			}
		}
		return nil
	}}
}
