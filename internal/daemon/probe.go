package daemon

import (
	"context"
	"errors"
	"sync"
)

// probe is one thing that must be right for requests to be answered.
type probe struct {
	name string
	ask  func(context.Context) error
}

var errNoProbe = errors.New("no answer in time")

// patient returns the probe with an answer in any case: when the context ends first,
// that is the answer, and what was asked goes on by itself. Nothing is asked twice at
// once, or each question to a hung disk would leave another one waiting there.
func (p probe) patient() probe {
	var mu sync.Mutex
	var flight *asked
	return probe{p.name, func(ctx context.Context) error {
		mu.Lock()
		f := flight
		if f == nil {
			f = &asked{done: make(chan struct{})}
			flight = f
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
			go func() {
				defer cancel()
				f.err = p.ask(ctx)
				mu.Lock()
				defer mu.Unlock()
				flight = nil
				close(f.done)
			}()
		}
		mu.Unlock()
		select {
		case <-f.done:
			return f.err
		case <-ctx.Done():
			return errNoProbe
		}
	}}
}

// asked is a question under way.
type asked struct {
	done chan struct{}
	err  error // after done
}

// all asks one probe after the other, under one name, until one fails.
func all(name string, probes ...func(context.Context) error) probe {
	return probe{name, func(ctx context.Context) error {
		for _, ask := range probes {
			if err := ask(ctx); err != nil {
				return err
			}
		}
		return nil
	}}
}
