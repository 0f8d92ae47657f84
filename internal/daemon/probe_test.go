package daemon

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// TestAHangingProbeTimesOutAndRunsOnce even if /readyz is polled often.
func TestAHangingProbeTimesOutAndRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		hang := make(chan struct{})
		p := probe{"disk", func(context.Context) error { runs.Add(1); <-hang; return nil }}.bounded()
		check := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), checkTimeout)
			defer cancel()
			return p.check(ctx)
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if err := check(); !errors.Is(err, errProbeTimeout) {
					t.Errorf("got %v, want %v", err, errProbeTimeout)
				}
			})
		}
		all.Wait()
		if runs.Load() != 1 {
			t.Errorf("got %d runs, want 1", runs.Load())
		}
		close(hang)
		synctest.Wait()
		if err := check(); err != nil || runs.Load() != 2 {
			t.Errorf("got %v after %d runs, want a second run without error", err, runs.Load())
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
