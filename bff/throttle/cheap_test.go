package throttle

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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

// watched counts what the limits ask of the database.
type watched struct {
	Store
	reads, writes atomic.Int64
}

func (w *watched) Counters(ctx context.Context, keys []string) ([]store.Counter, error) {
	w.reads.Add(1)
	return w.Store.Counters(ctx, keys)
}

func (w *watched) Count(ctx context.Context, keys []string, decide func([]store.Counter)) error {
	w.writes.Add(1)
	return w.Store.Count(ctx, keys, decide)
}

// watch returns the limiter of another instance, with an empty memory, and what it asks.
func (f *fixture) watch() (*Limiter, *watched) {
	f.Helper()
	w := &watched{Store: f.db}
	l, err := New(w, []byte(strings.Repeat("s", 32)), f.clock.Now, false)
	if err != nil {
		f.Fatal(err)
	}
	return l, w
}

// costs checks what was asked since the last call.
func (w *watched) costs(t *testing.T, what string, reads, writes int64) {
	t.Helper()
	if r, n := w.reads.Swap(0), w.writes.Swap(0); r > reads || n != writes {
		t.Errorf("%s: got %d reads and %d writes, want at most %d and %d", what, r, n, reads, writes)
	}
}

// refusals makes n attempts at once, none of which may pass.
func (f *fixture) refusals(l *Limiter, n int, a func(int) Attempt) {
	f.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			err := l.Take(f.Context(), a(i))
			_, limited := errors.AsType[*Limited](err)
			_, crowded := errors.AsType[fair.Full](err)
			if !limited && !crowded {
				f.Errorf("attempt %d: got %v, want it refused", i, err)
			}
		})
	}
	wg.Wait()
}

// TestBlockedAttemptsAreCheap: a thousand attempts against a block cost no write, and a
// read where the memory lacks the block or has had it for long.
func TestBlockedAttemptsAreCheap(t *testing.T) {
	for name, limit := range map[string]struct {
		n      int
		block  func(int) Attempt
		goOn   func(int) Attempt
		maxAge time.Duration
	}{
		"one account from one client": {10, always(SignIn("ada@example.com", "192.0.2.1")), always(SignIn("ada@example.com", "192.0.2.1")), maxAgeClearable},
		"many accounts from one client": {100, func(i int) Attempt { return SignIn(strconv.Itoa(i)+"@example.com", "192.0.2.1") },
			func(i int) Attempt { return SignIn(strconv.Itoa(i)+"@example.net", "192.0.2.1") }, maxAgeTimed},
		"sign-ups":      {60, always(SignUp("192.0.2.1")), always(SignUp("192.0.2.1")), maxAgeTimed},
		"mails":         {5, always(SendMail("ada@example.com", "192.0.2.1")), always(SendMail("ada@example.com", "192.0.2.1")), maxAgeTimed},
		"passwords":     {10, always(CheckPassword("usr_ada", "ses_1")), always(CheckPassword("usr_ada", "ses_1")), maxAgeClearable},
		"links":         {10, always(CheckLink("usr_ada")), always(CheckLink("usr_ada")), maxAgeClearable},
		"wrong secrets": {10, always(ClientSecret("svc_a", "192.0.2.1")), always(ClientSecret("svc_a", "192.0.2.1")), maxAgeTimed},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(f *fixture) {
				l, asked := f.watch()
				for i := range limit.n {
					if wait := f.take(l, limit.block(i)); wait != 0 {
						f.Fatalf("attempt %d has to wait %v", i+1, wait)
					}
				}
				first := f.take(l, limit.block(0))
				asked.costs(f.T, "up to the block", int64(limit.n)+1, int64(limit.n)+1)
				f.refusals(l, 1000, limit.goOn)
				asked.costs(f.T, "a thousand at once", 0, 0)
				f.clock.Advance(limit.maxAge)
				f.refusals(l, 100, limit.goOn)
				asked.costs(f.T, "after a while", 1, 0)

				l, asked = f.watch()
				f.refusals(l, 300, limit.goOn)
				asked.costs(f.T, "after a restart", 1, 0)
				if got, want := f.take(l, limit.block(0)), first-limit.maxAge; got > want || got <= 0 {
					f.Errorf("after a restart: got a wait of %v, want %v", got, want)
				}
			})
		})
	}
}

func always(a Attempt) func(int) Attempt { return func(int) Attempt { return a } }

// TestABlockLiftedByAnotherInstance is current in for seconds; here it ends at once.
func TestABlockLiftedByAnotherInstance(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		a, proven := SignIn("ada@example.com", "192.0.2.1"), Proven("ada@example.com", "192.0.2.1")
		other, asked := f.watch()
		blocked := func() {
			f.exhaust(a, 10)
			if f.take(f.Limiter, a) == 0 || f.take(other, a) == 0 {
				f.Fatal("the account is not blocked")
			}
			asked.costs(f.T, "to find the block", 1, 0)
		}
		blocked()
		if err := f.Succeeded(f.Context(), proven); err != nil {
			f.Fatal(err)
		}
		if wait := f.take(f.Limiter, a); wait != 0 {
			f.Errorf("here the owner has to wait %v", wait)
		}
		f.clock.Advance(maxAgeClearable - time.Millisecond)
		if f.take(other, a) == 0 {
			f.Error("the other instance does not remember the block")
		}
		asked.costs(f.T, "meanwhile", 0, 0)
		f.clock.Advance(time.Millisecond)
		if wait := f.take(other, a); wait != 0 {
			f.Errorf("elsewhere the owner has to wait %v", wait)
		}
	})
}

// TestTheMemoryDoesNotBlockAKnownClient: the block of the account is, and who else is
// a stranger.
func TestTheMemoryDoesNotBlockAKnownClient(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		home, other := SignIn("ada@example.com", "192.0.2.1"), SignIn("ada@example.com", "192.0.2.2")
		f.lockOut("ada@example.com")
		l, asked := f.watch()
		for range 10 {
			for _, a := range []Attempt{home, other} {
				if f.take(l, a) == 0 {
					f.Fatal("a stranger passes the account's block")
				}
			}
		}
		asked.costs(f.T, "twenty attempts of two strangers", 2, 0)
		if err := f.Succeeded(f.Context(), home[2:3]); err != nil { // elsewhere
			f.Fatal(err)
		}
		f.clock.Advance(maxAgeClearable)
		if wait := f.take(l, home); wait != 0 {
			f.Errorf("where the owner is known they have to wait %v", wait)
		}
		if f.take(l, other) == 0 {
			f.Error("a stranger passes the account's block")
		}
		// Another known client, of which nothing is remembered yet.
		if err := l.Succeeded(f.Context(), SignIn("ada@example.com", "192.0.2.3")[2:3]); err != nil {
			f.Fatal(err)
		}
		if f.take(l, other) == 0 {
			f.Error("a stranger passes the account's block")
		}
		if wait := f.take(l, SignIn("ada@example.com", "192.0.2.3")); wait != 0 {
			f.Errorf("at another known client the owner has to wait %v", wait)
		}
	})
}

// TestAClockSetBackInvalidatesTheMemory alive: what was read later than now is asked for.
func TestAClockSetBackInvalidatesTheMemory(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		other := f.another()
		f.clock.Advance(30 * time.Minute)
		f.exhaust(a, 10)
		if f.take(f.Limiter, a) == 0 || f.take(other, a) == 0 {
			f.Fatal("got no block")
		}
		if err := f.Succeeded(f.Context(), a); err != nil {
			f.Fatal(err)
		}
		f.clock.Set(noon)
		if wait := f.take(other, a); wait != 0 {
			f.Errorf("got a wait of %v by a block that was lifted", wait)
		}
	})
}

func TestAnOutdatedReadIsNotRemembered(t *testing.T) {
	t.Parallel()
	b, err := newBlocks()
	if err != nil {
		t.Fatal(err)
	}
	a, keys := SignUp("192.0.2.1"), []string{"key"}
	before := b.currentEpoch()
	b.forget(keys) // while the counters are on their way
	b.remember(a, keys, []store.Counter{{BlockedUntil: noon.Add(time.Minute)}}, noon, before)
	if wait := b.wait(a, keys, noon); wait != 0 {
		t.Errorf("got a wait of %v, want nothing remembered", wait)
	}
	b.remember(a, keys, []store.Counter{{BlockedUntil: noon.Add(time.Minute)}}, noon, b.currentEpoch())
	if wait := b.wait(a, keys, noon); wait != time.Minute {
		t.Errorf("got a wait of %v, want that of the block", wait)
	}
}

func TestTheMemoryIsBounded(t *testing.T) {
	t.Parallel()
	b, err := newBlocks()
	if err != nil {
		t.Fatal(err)
	}
	for i := range remembered + 100 {
		b.remember(SignUp(""), []string{strconv.Itoa(i)}, []store.Counter{{BlockedUntil: noon.Add(time.Minute)}}, noon, b.currentEpoch())
	}
	if n := b.entries.Len(); n != remembered {
		t.Errorf("got %d blocks remembered, want %d", n, remembered)
	}
}

// slow lets nobody count before it is told to, and knows how many are at it.
type slow struct {
	Store
	mu      sync.Mutex
	now     map[string]int // attempts at the database, by their first key
	all     int
	most    int
	mostOne int
	goOn    chan struct{}
}

func (s *slow) Counters(_ context.Context, keys []string) ([]store.Counter, error) {
	return make([]store.Counter, len(keys)), nil
}

func (s *slow) Count(_ context.Context, keys []string, decide func([]store.Counter)) error {
	key := keys[len(keys)-1]
	s.mu.Lock()
	s.now[key]++
	s.all++
	s.most, s.mostOne = max(s.most, s.all), max(s.mostOne, s.now[key])
	s.mu.Unlock()
	<-s.goOn
	decide(make([]store.Counter, len(keys)))
	s.mu.Lock()
	s.now[key]--
	s.all--
	s.mu.Unlock()
	return nil
}

// TestFewAttemptsAreCountedAtATime: of one client one, and in all as many as the database has
// connections for. The line is bounded, and shared by client.
func TestFewAttemptsAreCountedAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stand := &slow{now: map[string]int{}, goOn: make(chan struct{})}
		l, err := New(stand, []byte(strings.Repeat("s", 32)), time.Now, false)
		if err != nil {
			t.Fatal(err)
		}
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
			t.Errorf("got %d of one client refused at once, want all but %d", got, 1+maxWaitingPerClient)
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
			stand.goOn <- struct{}{}
			synctest.Wait()
		}
		if others.Load() != 5 {
			t.Errorf("got %d of five other clients through in ten turns, want all", others.Load())
		}
		close(stand.goOn)
		synctest.Wait()
		if passed.Load() != 1+maxWaitingPerClient {
			t.Errorf("got %d of the one client through, want all that had a place", passed.Load())
		}
		if stand.most != db.CountingAtOnce || stand.mostOne != 1 {
			t.Errorf("got %d at the database at once, %d of one client; want %d and 1", stand.most, stand.mostOne, db.CountingAtOnce)
		}
	})
}

// TestTheWaitToBeCountedIsBounded, nor is anybody let through for it.
func TestTheWaitToBeCountedIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stand := &slow{now: map[string]int{}, goOn: make(chan struct{})}
		l, err := New(stand, []byte(strings.Repeat("s", 32)), time.Now, false)
		if err != nil {
			t.Fatal(err)
		}
		for i := range db.CountingAtOnce {
			go func() { _ = l.Take(t.Context(), SignUp(fmt.Sprintf("192.0.2.%d", i))) }()
		}
		synctest.Wait()
		began := time.Now()
		err = l.Take(t.Context(), SignUp("198.51.100.1"))
		if !errors.Is(err, fair.ErrAll) || time.Since(began) != maxWait {
			t.Errorf("got %v after %v, want it refused after %v", err, time.Since(began), maxWait)
		}
		close(stand.goOn)
	})
}

// TestASuccessIsRecordedDespiteManyNewAttempts: they must not keep it out of the room.
func TestASuccessIsRecordedDespiteManyNewAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := &slow{now: map[string]int{}, goOn: make(chan struct{})}
		l, err := New(db, []byte(strings.Repeat("s", 32)), time.Now, false)
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			go func() { _ = l.Take(t.Context(), SignUp("192.0.2.1")) }()
		}
		synctest.Wait()
		done := make(chan error, 1)
		go func() { done <- l.Succeeded(t.Context(), SignUp("192.0.2.1")) }()
		synctest.Wait()
		close(db.goOn)
		if err := <-done; err != nil {
			t.Errorf("got %v, want it taken back", err)
		}
	})
}

// TestAKnownBlockRefusesWithoutWaiting: whoever is blocked is told so while others are counted.
func TestAKnownBlockRefusesWithoutWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stand := &slow{now: map[string]int{}, goOn: make(chan struct{})}
		l, err := New(stand, []byte(strings.Repeat("s", 32)), time.Now, false)
		if err != nil {
			t.Fatal(err)
		}
		for i := range db.CountingAtOnce {
			go func() { _ = l.Take(t.Context(), SignUp(fmt.Sprintf("192.0.2.%d", i))) }()
		}
		synctest.Wait()
		a := SignUp("198.51.100.1")
		l.blocks.remember(a, l.keys(a), []store.Counter{{BlockedUntil: time.Now().Add(time.Minute)}}, l.time(), l.blocks.currentEpoch())
		began := time.Now()
		if err, ok := errors.AsType[*Limited](l.Take(t.Context(), a)); !ok || time.Since(began) != 0 {
			t.Errorf("got %v after %v, want it refused at once", err, time.Since(began))
		}
		close(stand.goOn)
	})
}

// late is a database in which something happens after the counters were looked at.
type late struct {
	Store
	then func()
}

func (s *late) Counters(ctx context.Context, keys []string) ([]store.Counter, error) {
	counters, err := s.Store.Counters(ctx, keys)
	s.then()
	return counters, err
}

// TestABlockSetByAnotherInstanceMeanwhile holds, and what is tried against it is not
// counted.
func TestABlockSetByAnotherInstanceMeanwhile(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		db := &late{Store: f.db, then: func() {}}
		l, err := New(db, []byte(strings.Repeat("s", 32)), f.clock.Now, false)
		if err != nil {
			f.Fatal(err)
		}
		db.then = func() {
			f.exhaust(a, 10)
			f.take(f.Limiter, a)
		}
		if f.take(l, a) == 0 {
			f.Error("got an attempt through a block")
		}
		counters, err := f.db.Counters(f.Context(), f.keys(a))
		if err != nil {
			f.Fatal(err)
		}
		for i, c := range counters {
			if c.Strikes > 1 || c.Count > 11 {
				f.Errorf("%s: got %+v, want the attempt not counted", a[i].rule.name, c)
			}
		}
	})
}
