package daemon

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// TestAHangingProbeTimesOutAndRunsOnce, however often /readyz is asked.
func TestAHangingProbeTimesOutAndRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		hang := make(chan struct{})
		p := probe{"disk", func(context.Context) error { asked.Add(1); <-hang; return nil }}.bounded()
		ask := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), checkTimeout)
			defer cancel()
			return p.check(ctx)
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if err := ask(); !errors.Is(err, errProbeTimeout) {
					t.Errorf("got %v, want %v", err, errProbeTimeout)
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

func TestCombinedProbesReturnTheFirstError(t *testing.T) {
	bad := errors.New("bad")
	good := func(context.Context) error { return nil }
	if err := inOrder("x", good, good).check(t.Context()); err != nil {
		t.Errorf("got %v, want none", err)
	}
	if err := inOrder("x", good, func(context.Context) error { return bad }).check(t.Context()); err != bad {
		t.Errorf("got %v, want %v", err, bad)
	}
}
