package throttle

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/fair"
	"vestibule/internal/storetest"
	"vestibule/internal/testclock"
	"vestibule/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type fixture struct {
	*testing.T
	*Limiter
	db    *store.Store
	clock *testclock.Clock
}

// onEachEngine is for what several instances do with one database.
func onEachEngine(t *testing.T, test func(*fixture)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.Store) { test(newFixture(t, db)) })
}

// onSQLite is for the rules and for the memory. The tests of store show that each engine keeps,
// counts and deletes the same counters, so one of them is enough here.
func onSQLite(t *testing.T, test func(*fixture)) {
	t.Run("SQLite", func(t *testing.T) { test(newFixture(t, storetest.SQLite(t))) })
}

func newFixture(t *testing.T, db *store.Store) *fixture {
	f := &fixture{T: t, db: db, clock: testclock.At(noon)}
	f.Limiter = f.newInstance()
	return f
}

// newInstance returns the limiter of a second instance, or of this one after a restart.
func (f *fixture) newInstance() *Limiter {
	f.Helper()
	l, err := New(f.db, []byte(strings.Repeat("s", 32)), f.clock.Now, false)
	if err != nil {
		f.Fatal(err)
	}
	return l
}

// take returns how long the attempt must wait. 0 means that it is allowed.
func (f *fixture) take(l *Limiter, a Attempt) time.Duration {
	f.Helper()
	err := l.Take(f.Context(), a)
	if limited, ok := errors.AsType[*Limited](err); ok {
		return limited.RetryAfter
	}
	if err != nil {
		f.Fatal(err)
	}
	return 0
}

// exhaust makes n attempts and checks that each is allowed.
func (f *fixture) exhaust(a Attempt, n int) {
	f.Helper()
	for i := range n {
		if wait := f.take(f.Limiter, a); wait != 0 {
			f.Fatalf("attempt %d must wait %v, want 0", i+1, wait)
		}
	}
}

func TestALimitGrowsAndIsForgotten(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		for i, want := range []time.Duration{5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute, time.Hour, time.Hour} {
			f.exhaust(a, 10)
			if got := f.take(f.Limiter, a); got != want {
				f.Fatalf("block %d: got a wait of %v, want %v", i+1, got, want)
			}
			f.clock.Set(f.clock.Now().Add(want))
			// Clear the other counters. This test is only about the pair's counter.
			if err := f.db.Count(f.Context(), f.keys(a)[1:], func(c []store.Counter) { clear(c) }); err != nil {
				f.Fatal(err)
			}
		}
		f.clock.Set(f.clock.Now().Add(25 * time.Hour))
		f.exhaust(a, 10)
		if got, want := f.take(f.Limiter, a), 5*time.Minute; got != want {
			f.Errorf("after a day without attempts: got a wait of %v, want %v", got, want)
		}
	})
}

// TestABlockEndsDespiteFurtherAttempts: otherwise anyone could lock another user out for ever.
func TestABlockEndsDespiteFurtherAttempts(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		f.exhaust(a, 10)
		end := f.clock.Now().Add(f.take(f.Limiter, a))
		for f.clock.Now().Before(end) {
			if got, want := f.take(f.Limiter, a), end.Sub(f.clock.Now()); got != want {
				f.Fatalf("got a wait of %v, want %v: the end of the block moved", got, want)
			}
			f.clock.Set(f.clock.Now().Add(30 * time.Second))
		}
		f.exhaust(a, 1)
	})
}

func TestLimitsAreSharedAndSurviveARestart(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(f *fixture) {
		other := f.newInstance()
		a := SignIn("ada@example.com", "192.0.2.1")
		for i := range 10 {
			if wait := f.take([]*Limiter{f.Limiter, other}[i%2], a); wait != 0 {
				f.Fatalf("attempt %d must wait %v", i+1, wait)
			}
		}
		if f.take(other, a) == 0 || f.take(f.newInstance(), a) == 0 {
			f.Error("got an attempt allowed, want the limit shared by all instances")
		}
	})
}

func TestConcurrentAttemptsDoNotExceedTheLimit(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		var passed atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				err := f.Take(f.Context(), a)
				for errors.Is(err, fair.ErrKey) { // on a busy machine the wait for a place may be too long
					err = f.Take(f.Context(), a)
				}
				if _, limited := errors.AsType[*Limited](err); err == nil {
					passed.Add(1)
				} else if !limited {
					f.Error(err)
				}
			})
		}
		wg.Wait()
		if passed.Load() != 10 {
			f.Errorf("got %d attempts allowed, want 10", passed.Load())
		}
	})
}

func TestOffDisablesAllLimits(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		l, err := New(f.db, []byte(strings.Repeat("s", 32)), f.clock.Now, true)
		if err != nil {
			f.Fatal(err)
		}
		for range 200 {
			if f.take(l, SignIn("ada@example.com", "192.0.2.1")) != 0 || l.Succeeded(f.Context(), SignUp("192.0.2.1")) != nil {
				f.Fatal("got an attempt refused, want all allowed")
			}
		}
	})
}

func TestCleanUpKeepsActiveCounters(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(f *fixture) {
		old, blocked := SignUp("192.0.2.1"), SendMail("ada@example.com", "192.0.2.2")
		f.exhaust(old, 60)
		f.exhaust(blocked, 5)
		f.take(f.Limiter, blocked)
		f.clock.Set(f.clock.Now().Add(90 * time.Minute))
		if _, err := f.db.DeleteExpiredCounters(f.Context(), f.clock.Now()); err != nil {
			f.Fatal(err)
		}
		n, err := f.db.DeleteExpiredCounters(f.Context(), noon.Add(1000*time.Hour))
		if err != nil || n != 1 {
			f.Errorf("got %d counters left, %v; want only the one that was blocked", n, err)
		}
	})
}

// TestAWrongClockBlocksNobodyForLong: the clock was a day ahead when the block was set, and
// was then corrected.
func TestAWrongClockBlocksNobodyForLong(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		f.clock.Set(noon.Add(24 * time.Hour))
		f.exhaust(a, 10)
		if f.take(f.Limiter, a) == 0 {
			f.Fatal("got no block")
		}
		f.clock.Set(noon)
		f.exhaust(a, 1)
	})
}

// TestCountersAreKeyedWithTheSecret: a reader of the table must not be able to test whether an
// address is in it.
func TestCountersAreKeyedWithTheSecret(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		other, err := New(f.db, []byte(strings.Repeat("t", 32)), f.clock.Now, false)
		if err != nil {
			f.Fatal(err)
		}
		for i, key := range f.keys(a) {
			if key == other.keys(a)[i] {
				f.Errorf("%q: got the same key with two secrets, want different keys", a[i].rule.name)
			}
		}
		f.exhaust(a, 10)
		err = f.db.Count(f.Context(), other.keys(a), func(counters []store.Counter) {
			for i, c := range counters {
				if c.Count != 0 {
					f.Errorf("%q: got %d attempts under the key of another secret, want 0", a[i].rule.name, c.Count)
				}
			}
		})
		if err != nil {
			f.Fatal(err)
		}
	})
}

func BenchmarkTake(b *testing.B) {
	l, err := New(storetest.SQLite(b), []byte(strings.Repeat("s", 32)), time.Now, false)
	if err != nil {
		b.Fatal(err)
	}
	a := SignIn("ada@example.com", "192.0.2.1")
	for b.Loop() {
		if err := l.Take(b.Context(), a); err != nil {
			if _, limited := errors.AsType[*Limited](err); !limited {
				b.Fatal(err)
			}
		}
	}
}
