package throttle

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vestibule/internal/fair"
	"vestibule/store"
	"vestibule/store/db"
)

// stalledStore is a store whose Count waits for proceed. It records how many calls are
// in progress.
type stalledStore struct {
	Store
	mu      sync.Mutex
	running map[string]int // calls in progress, by their last key
	total   int            // calls in progress, of all keys
	most    int            // the most calls at a time
	mostOne int            // the most calls of one key at a time
	proceed chan struct{}
}

// newStalledStore returns a stalledStore and a limiter that uses it.
func newStalledStore(t *testing.T) (*stalledStore, *Limiter) {
	t.Helper()
	stub := &stalledStore{running: map[string]int{}, proceed: make(chan struct{})}
	l, err := New(stub, []byte(strings.Repeat("s", 32)), time.Now, false)
	if err != nil {
		t.Fatal(err)
	}
	return stub, l
}

// fillCountingRoom takes all places of the counting room, with attempts that are stalled.
func fillCountingRoom(t *testing.T, l *Limiter) {
	t.Helper()
	for i := range shares.Count {
		go func() { _ = l.Take(t.Context(), SignUp(fmt.Sprintf("192.0.2.%d", i))) }()
	}
	synctest.Wait()
}

// shares are those of the stalled store.
var shares = db.SharesOf(db.DefaultConnections)

func (s *stalledStore) Shares() db.Shares { return shares }

func (s *stalledStore) Counters(_ context.Context, keys []string) ([]store.Counter, error) {
	return make([]store.Counter, len(keys)), nil
}

func (s *stalledStore) Count(_ context.Context, keys []string, decide func([]store.Counter)) error {
	key := keys[len(keys)-1]
	s.mu.Lock()
	s.running[key]++
	s.total++
	s.most, s.mostOne = max(s.most, s.total), max(s.mostOne, s.running[key])
	s.mu.Unlock()
	<-s.proceed
	decide(make([]store.Counter, len(keys)))
	s.mu.Lock()
	s.running[key]--
	s.total--
	s.mu.Unlock()
	return nil
}

// TestFewAttemptsAreCountedAtATime: at most one attempt of a client is counted at a time, and
// in all as many as the database has connections for. The queue is bounded, and clients share
// it.
func TestFewAttemptsAreCountedAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stub, l := newStalledStore(t)
		var passed, refused, others atomic.Int32
		for range 1000 {
			go func() {
				err := l.Take(t.Context(), SignUp("192.0.2.1"))
				if errors.Is(err, fair.ErrKey) {
					refused.Add(1)
				} else if err == nil {
					passed.Add(1)
				}
			}()
		}
		synctest.Wait()
		if got := refused.Load(); got != 1000-1-maxWaitingPerClient {
			t.Errorf("got %d attempts of one client refused at once, want all but %d", got, 1+maxWaitingPerClient)
		}
		for i := range 5 {
			go func() {
				if err := l.Take(t.Context(), SignUp(fmt.Sprintf("198.51.100.%d", i))); err == nil {
					others.Add(1)
				}
			}()
		}
		synctest.Wait()
		for range 10 {
			stub.proceed <- struct{}{}
			synctest.Wait()
		}
		if others.Load() != 5 {
			t.Errorf("got %d attempts of five other clients allowed after ten calls, want 5", others.Load())
		}
		close(stub.proceed)
		synctest.Wait()
		if passed.Load() != 1+maxWaitingPerClient {
			t.Errorf("got %d attempts of one client allowed, want %d", passed.Load(), 1+maxWaitingPerClient)
		}
		if stub.most != shares.Count || stub.mostOne != 1 {
			t.Errorf("got %d calls of the database at a time, %d of one client; want %d and 1", stub.most, stub.mostOne, shares.Count)
		}
	})
}

// TestTheWaitToBeCountedIsBounded: an attempt that waits too long is refused, not allowed.
func TestTheWaitToBeCountedIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stub, l := newStalledStore(t)
		fillCountingRoom(t, l)
		began := time.Now()
		err := l.Take(t.Context(), SignUp("198.51.100.1"))
		if !errors.Is(err, fair.ErrAll) || time.Since(began) != maxWait {
			t.Errorf("got %v after %v, want it refused after %v", err, time.Since(began), maxWait)
		}
		close(stub.proceed)
	})
}

// TestASuccessIsRecordedDespiteManyNewAttempts: new attempts of a client must not keep its
// success out of the counting room.
func TestASuccessIsRecordedDespiteManyNewAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stub, l := newStalledStore(t)
		for range 1000 {
			go func() { _ = l.Take(t.Context(), SignUp("192.0.2.1")) }()
		}
		synctest.Wait()
		done := make(chan error, 1)
		go func() { done <- l.Succeeded(t.Context(), SignUp("192.0.2.1")) }()
		synctest.Wait()
		close(stub.proceed)
		if err := <-done; err != nil {
			t.Errorf("got %v, want nil", err)
		}
	})
}

// TestAKnownBlockRefusesWithoutWaiting: an attempt against a remembered block is refused at
// once, even while the counting room is full.
func TestAKnownBlockRefusesWithoutWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stub, l := newStalledStore(t)
		fillCountingRoom(t, l)
		a := SignUp("198.51.100.1")
		l.blocks.remember(a, l.keys(a), []store.Counter{{BlockedUntil: time.Now().Add(time.Minute)}}, l.time(), l.blocks.currentEpoch())
		began := time.Now()
		if err, ok := errors.AsType[*Limited](l.Take(t.Context(), a)); !ok || time.Since(began) != 0 {
			t.Errorf("got %v after %v, want it refused at once", err, time.Since(began))
		}
		close(stub.proceed)
	})
}
