package password

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/internal/fair"
)

// The tests below run in synctest bubbles: Wait returns when nothing can move
// any more, and time passes only then. So "nobody else got in" is seen, not
// hoped for.

// stalled is a Hasher whose computations stay inside until they are let go.
type stalled struct {
	*Hasher
	inside int           // computations that run
	most   int           // the most that ever ran at a time
	total  int           // that ever began
	leave  chan struct{} // lets one go
}

func newStalled(t *testing.T, c Config) *stalled {
	t.Helper()
	s := &stalled{Hasher: newHasher(t, c), leave: make(chan struct{})}
	enter := make(chan struct{}, 1) // guards the counters
	stall := func() {
		enter <- struct{}{}
		s.inside++
		s.total++
		s.most = max(s.most, s.inside)
		<-enter
		<-s.leave
		enter <- struct{}{}
		s.inside--
		<-enter
	}
	s.create = func(string, *Params) (string, error) { stall(); return wellFormed, nil }
	s.check = func(string, string) (bool, *Params, error) { stall(); return false, &s.params, nil }
	return s
}

// start calls VerifyNone in the background.
func (s *stalled) start(ctx context.Context) <-chan error { return s.startFor(ctx, Share{}) }

func (s *stalled) startFor(ctx context.Context, share Share) <-chan error {
	done := make(chan error, 1)
	go func() { done <- s.VerifyNone(ctx, share, "password") }()
	synctest.Wait()
	return done
}

func wantInside(t *testing.T, s *stalled, want int) {
	t.Helper()
	synctest.Wait()
	if s.inside != want {
		t.Fatalf("got %d computations running, want %d", s.inside, want)
	}
}

func wantResult(t *testing.T, done <-chan error, want error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-done:
		if !errors.Is(err, want) {
			t.Fatalf("got %v, want %v", err, want)
		}
	default:
		t.Fatalf("got no answer, want %v", want)
	}
}

// drain lets every computation go until all is quiet.
func (s *stalled) drain() {
	synctest.Wait()
	for s.inside > 0 {
		s.leave <- struct{}{}
		synctest.Wait()
	}
}

func TestNoMoreThanTheSetNumberRunAtATime(t *testing.T) {
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
		wantInside(t, s, 3)
		s.drain()
		for range 20 {
			if err := <-errs; err != nil {
				t.Errorf("got %v, want nil", err)
			}
		}
		if s.most != 3 || s.total != 20 {
			t.Errorf("got %d of %d computations at a time, want 3 of 20", s.most, s.total)
		}
	})
}

func TestAFullQueueIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 2, Wait: time.Hour})
		running, first, second := s.start(t.Context()), s.start(t.Context()), s.start(t.Context())
		wantInside(t, s, 1)
		began := time.Now()
		wantResult(t, s.start(t.Context()), ErrBusy)
		if _, err := s.Hash(t.Context(), Share{}, "password"); !errors.Is(err, ErrBusy) {
			t.Errorf("Hash: got %v, want %v", err, ErrBusy)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("got %v, want an answer at once", took)
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
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 1, Wait: 2 * time.Second})
		running := s.start(t.Context())
		wantInside(t, s, 1)
		began := time.Now()
		if err := s.VerifyNone(t.Context(), Share{}, "password"); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want %v", err, ErrBusy)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("got %v, want 2s", took)
		}
		// The place in the line is free again.
		next := s.start(t.Context())
		s.drain()
		wantResult(t, running, nil)
		wantResult(t, next, nil)
	})
}

func TestLeavingTheQueueIsPromptAndLeaksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 2, Queue: 2, Wait: time.Hour})
		held := []<-chan error{s.start(t.Context()), s.start(t.Context())}
		wantInside(t, s, 2)
		for range 10 {
			ctx, cancel := context.WithCancel(t.Context())
			queued := []<-chan error{s.start(ctx), s.start(ctx)}
			wantInside(t, s, 2)
			began := time.Now()
			cancel()
			wantResult(t, queued[0], context.Canceled)
			wantResult(t, queued[1], context.Canceled)
			if took := time.Since(began); took != 0 {
				t.Fatalf("got %v, want an answer at once", took)
			}
		}
		s.drain()
		wantResult(t, held[0], nil)
		wantResult(t, held[1], nil)

		// Both permits and both places are there for others.
		after := []<-chan error{s.start(t.Context()), s.start(t.Context()), s.start(t.Context()), s.start(t.Context())}
		wantInside(t, s, 2)
		s.drain()
		for _, done := range after {
			wantResult(t, done, nil)
		}
		if s.total != 6 {
			t.Errorf("got %d computations, want 6: those who left caused none", s.total)
		}
	})
}

func TestAClientThatHasLeftStartsNoComputation(t *testing.T) {
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

func TestAPermitOfACanceledRequestGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 1, Wait: time.Hour})
		running := s.start(t.Context())
		wantInside(t, s, 1)
		queued := s.start(&endsUnseen{Context: t.Context()})
		wantInside(t, s, 1)
		s.leave <- struct{}{}
		wantResult(t, running, nil)
		wantResult(t, queued, context.Canceled)
		if s.total != 1 {
			t.Errorf("got %d computations, want 1", s.total)
		}
		wantEmpty(t, s)
	})
}

// wantEmpty looks for permits and places that were not given back.
func wantEmpty(t *testing.T, s *stalled) {
	t.Helper()
	for _, room := range []*fair.Room{s.gate.permits, s.gate.known.places, s.gate.known.groups, s.gate.strangers.places, s.gate.strangers.groups} {
		if taken, waiting := room.Load(); taken+waiting != 0 {
			t.Errorf("got %d permits or places still taken and %d waiting, want none", taken, waiting)
		}
	}
}

// endsUnseen is a context whose end comes together with the permit: select may
// then choose the permit, as if it had not seen Done.
type endsUnseen struct {
	context.Context
	asked int
}

func (c *endsUnseen) Done() <-chan struct{} { return nil }

func (c *endsUnseen) Err() error {
	if c.asked++; c.asked == 1 {
		return nil // on entering
	}
	return context.Canceled
}

func TestAPermitIsHeldUntilTheHashEndsEvenWhenTheClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 1, Wait: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		left := s.start(ctx)
		wantInside(t, s, 1)
		cancel()
		next := s.start(t.Context())
		wantInside(t, s, 1)
		if s.total != 1 {
			t.Fatalf("got %d computations begun, want 1: the first still runs", s.total)
		}
		s.leave <- struct{}{}
		wantResult(t, left, nil) // what is computed is answered
		wantInside(t, s, 1)
		s.drain()
		wantResult(t, next, nil)
	})
}

func TestPermitsGoInTheOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 3, Wait: time.Hour})
		var waiting []<-chan error
		for range 4 {
			waiting = append(waiting, s.start(t.Context()))
			synctest.Wait()
		}
		for i, done := range waiting {
			s.leave <- struct{}{}
			wantResult(t, done, nil)
			for _, later := range waiting[i+1:] {
				if len(later) != 0 {
					t.Fatalf("a later caller was let in before number %d", i+1)
				}
			}
		}
	})
}

func TestAPanicInAComputationGivesThePermitBack(t *testing.T) {
	h := newHasher(t, Config{Parallel: 1, Queue: 1, Wait: time.Nanosecond})
	check := h.check
	h.check = func(string, string) (bool, *Params, error) { panic("argon2") }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("got no panic, want it passed on")
			}
		}()
		_ = h.VerifyNone(t.Context(), Share{}, "password")
	}()
	h.check = check
	if err := h.VerifyNone(t.Context(), Share{}, "password"); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}
