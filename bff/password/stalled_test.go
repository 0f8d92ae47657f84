package password

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"vestibule/internal/fair"
)

// The tests of the gate run in synctest bubbles. synctest.Wait returns when every goroutine is
// blocked, and time passes only then. So the tests can check that nothing else has started,
// without a race.

// stalled is a Hasher whose computations block until finish receives.
type stalled struct {
	*Hasher
	running int           // computations that run now
	most    int           // most computations at a time
	total   int           // computations that have started
	finish  chan struct{} // each value ends one computation
}

func newStalled(t *testing.T, c Config) *stalled {
	t.Helper()
	s := &stalled{Hasher: newHasher(t, c), finish: make(chan struct{})}
	mutex := make(chan struct{}, 1) // guards the counters
	stall := func() {
		mutex <- struct{}{}
		s.running++
		s.total++
		s.most = max(s.most, s.running)
		<-mutex
		<-s.finish
		mutex <- struct{}{}
		s.running--
		<-mutex
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

func wantRunning(t *testing.T, s *stalled, want int) {
	t.Helper()
	synctest.Wait()
	if s.running != want {
		t.Fatalf("got %d computations running, want %d", s.running, want)
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
		t.Fatalf("got no result, want %v", want)
	}
}

// drain ends computations until none runs.
func (s *stalled) drain() {
	synctest.Wait()
	for s.running > 0 {
		s.finish <- struct{}{}
		synctest.Wait()
	}
}

// wantEmpty checks that all permits and places were returned.
func wantEmpty(t *testing.T, s *stalled) {
	t.Helper()
	for _, room := range []*fair.Room{s.gate.permits, s.gate.known.places, s.gate.known.groups, s.gate.strangers.places, s.gate.strangers.groups} {
		if taken, waiting := room.Load(); taken+waiting != 0 {
			t.Errorf("got %d permits or places taken and %d calls waiting, want none", taken, waiting)
		}
	}
}
