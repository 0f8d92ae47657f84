package daemon

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// TestAProbeThatHangsIsAnsweredAndAskedOnce, however often /readyz is asked.
func TestAProbeThatHangsIsAnsweredAndAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		hang := make(chan struct{})
		p := probe{"disk", func(context.Context) error { asked.Add(1); <-hang; return nil }}.patient()
		ask := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), checkTimeout)
			defer cancel()
			return p.ask(ctx)
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if err := ask(); !errors.Is(err, errNoProbe) {
					t.Errorf("got %v, want %v", err, errNoProbe)
				}
			})
		}
		all.Wait()
		if asked.Load() != 1 {
			t.Errorf("asked %d times, want 1", asked.Load())
		}
		close(hang)
		synctest.Wait()
		if err := ask(); err != nil || asked.Load() != 2 {
			t.Errorf("got %v after %d questions, want it asked anew", err, asked.Load())
		}
	})
}

func TestProbesUnderOneNameFailWithTheFirst(t *testing.T) {
	bad := errors.New("bad")
	good := func(context.Context) error { return nil }
	if err := all("x", good, good).ask(t.Context()); err != nil {
		t.Errorf("got %v, want none", err)
	}
	if err := all("x", good, func(context.Context) error { return bad }).ask(t.Context()); err != bad {
		t.Errorf("got %v, want %v", err, bad)
	}
}
