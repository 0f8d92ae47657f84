package password

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestParallelComputationsAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 3, Queue: 20, Wait: time.Hour})
		errs := make(chan error, 20)
		for i := range 20 {
			go func() {
				var err error
				switch i % 3 {
				case 0:
					_, err = s.Hash(t.Context(), Share{}, "password")
				case 1:
					_, _, err = s.Verify(t.Context(), Share{}, "password", wellFormed)
				case 2:
					err = s.VerifyNone(t.Context(), Share{}, "password")
				}
				errs <- err
			}()
		}
		wantRunning(t, s, 3)
		s.drain()
		for range 20 {
			if err := <-errs; err != nil {
				t.Errorf("got %v, want nil", err)
			}
		}
		if s.most != 3 || s.total != 20 {
			t.Errorf("got at most %d of %d computations at a time, want 3 of 20", s.most, s.total)
		}
	})
}

func TestAFullQueueIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 2, Wait: time.Hour})
		running, first, second := s.start(t.Context()), s.start(t.Context()), s.start(t.Context())
		wantRunning(t, s, 1)
		began := time.Now()
		wantResult(t, s.start(t.Context()), ErrBusy)
		if _, err := s.Hash(t.Context(), Share{}, "password"); !errors.Is(err, ErrBusy) {
			t.Errorf("Hash: got %v, want %v", err, ErrBusy)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("got the result after %v, want it at once", took)
		}
		s.drain()
		for _, done := range []<-chan error{running, first, second} {
			wantResult(t, done, nil)
		}
		if s.total != 3 {
			t.Errorf("got %d computations, want 3", s.total)
		}
	})
}

func TestTheWaitIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 1, Wait: 2 * time.Second})
		running := s.start(t.Context())
		wantRunning(t, s, 1)
		began := time.Now()
		if err := s.VerifyNone(t.Context(), Share{}, "password"); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want %v", err, ErrBusy)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("got the result after %v, want 2s", took)
		}
		// The place in the queue is free again.
		next := s.start(t.Context())
		s.drain()
		wantResult(t, running, nil)
		wantResult(t, next, nil)
	})
}

func TestACanceledWaitEndsAtOnceAndReleasesItsPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 2, Queue: 2, Wait: time.Hour})
		held := []<-chan error{s.start(t.Context()), s.start(t.Context())}
		wantRunning(t, s, 2)
		for range 10 {
			ctx, cancel := context.WithCancel(t.Context())
			queued := []<-chan error{s.start(ctx), s.start(ctx)}
			wantRunning(t, s, 2)
			began := time.Now()
			cancel()
			wantResult(t, queued[0], context.Canceled)
			wantResult(t, queued[1], context.Canceled)
			if took := time.Since(began); took != 0 {
				t.Fatalf("got the result after %v, want it at once", took)
			}
		}
		s.drain()
		wantResult(t, held[0], nil)
		wantResult(t, held[1], nil)

		// Both permits and both places are free again.
		after := []<-chan error{s.start(t.Context()), s.start(t.Context()), s.start(t.Context()), s.start(t.Context())}
		wantRunning(t, s, 2)
		s.drain()
		for _, done := range after {
			wantResult(t, done, nil)
		}
		if s.total != 6 {
			t.Errorf("got %d computations, want 6: canceled calls compute nothing", s.total)
		}
	})
}

func TestACanceledRequestStartsNoComputation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantResult(t, s.start(ctx), context.Canceled)
		if s.total != 0 {
			t.Errorf("got %d computations, want none", s.total)
		}
	})
}

func TestAPermitOfACanceledRequestIsReleased(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 1, Wait: time.Hour})
		running := s.start(t.Context())
		wantRunning(t, s, 1)
		queued := s.start(&canceledUnseen{Context: t.Context()})
		wantRunning(t, s, 1)
		s.finish <- struct{}{}
		wantResult(t, running, nil)
		wantResult(t, queued, context.Canceled)
		if s.total != 1 {
			t.Errorf("got %d computations, want 1", s.total)
		}
		wantEmpty(t, s)
	})
}

// canceledUnseen is a context that ends at the same time as the permit becomes free. A select may
// then choose the permit although the context is done.
type canceledUnseen struct {
	context.Context
	calls int // of Err
}

func (c *canceledUnseen) Done() <-chan struct{} { return nil }

func (c *canceledUnseen) Err() error {
	if c.calls++; c.calls == 1 {
		return nil // the check before the wait
	}
	return context.Canceled
}

func TestAPermitIsHeldUntilTheHashEndsEvenWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 1, Wait: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		left := s.start(ctx)
		wantRunning(t, s, 1)
		cancel()
		next := s.start(t.Context())
		wantRunning(t, s, 1)
		if s.total != 1 {
			t.Fatalf("got %d computations started, want 1: the first one still runs", s.total)
		}
		s.finish <- struct{}{}
		wantResult(t, left, nil) // a finished computation returns its result
		wantRunning(t, s, 1)
		s.drain()
		wantResult(t, next, nil)
	})
}

func TestPermitsAreGivenInTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 3, Wait: time.Hour})
		var waiting []<-chan error
		for range 4 {
			waiting = append(waiting, s.start(t.Context()))
			synctest.Wait()
		}
		for i, done := range waiting {
			s.finish <- struct{}{}
			wantResult(t, done, nil)
			for _, later := range waiting[i+1:] {
				if len(later) != 0 {
					t.Fatalf("a later call got its permit before call %d", i+1)
				}
			}
		}
	})
}

func TestAPanicInAComputationReleasesThePermit(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{Parallel: 1, Queue: 1, Wait: time.Nanosecond})
	check := h.check
	h.check = func(string, string) (bool, *Params, error) { panic("argon2") }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("got no panic, want the panic of the computation")
			}
		}()
		_ = h.VerifyNone(t.Context(), Share{}, "password")
	}()
	h.check = check
	if err := h.VerifyNone(t.Context(), Share{}, "password"); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}
