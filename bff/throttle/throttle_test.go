package throttle

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

func each(t *testing.T, test func(*fixture)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		f := &fixture{T: t, db: db, clock: testclock.At(noon)}
		f.Limiter = f.another()
		test(f)
	})
}

// another is the limiter of another instance, or of this one after a restart.
func (f *fixture) another() *Limiter {
	f.Helper()
	l, err := New(f.db, []byte(strings.Repeat("s", 32)), f.clock.Now, false)
	if err != nil {
		f.Fatal(err)
	}
	return l
}

// take returns how long the attempt has to wait, 0 when it may be made.
func (f *fixture) take(l *Limiter, a Attempt) time.Duration {
	f.Helper()
	err := l.Take(f.Context(), a)
	if past, ok := errors.AsType[*Limited](err); ok {
		return past.RetryAfter
	}
	if err != nil {
		f.Fatal(err)
	}
	return 0
}

// exhaust makes n attempts that may be made.
func (f *fixture) exhaust(a Attempt, n int) {
	f.Helper()
	for i := range n {
		if wait := f.take(f.Limiter, a); wait != 0 {
			f.Fatalf("attempt %d has to wait %v, want none", i+1, wait)
		}
	}
}

func TestALimitGrowsAndIsForgotten(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		for i, want := range []time.Duration{5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute, time.Hour, time.Hour} {
			f.exhaust(a, 10)
			if got := f.take(f.Limiter, a); got != want {
				f.Fatalf("breach %d: got a wait of %v, want %v", i+1, got, want)
			}
			f.clock.Set(f.clock.Now().Add(want))
			// The whole account's counter must not be what is tested here.
			if err := f.db.Count(f.Context(), f.keys(a)[1:], func(c []store.Counter) { clear(c) }); err != nil {
				f.Fatal(err)
			}
		}
		f.clock.Set(f.clock.Now().Add(25 * time.Hour))
		f.exhaust(a, 10)
		if got, want := f.take(f.Limiter, a), 5*time.Minute; got != want {
			f.Errorf("after a quiet day: got a wait of %v, want %v", got, want)
		}
	})
}

// TestABlockEndsDespiteFurtherAttempts: or else whoever wants could lock anybody out for
// good.
func TestABlockEndsDespiteFurtherAttempts(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		f.exhaust(a, 10)
		end := f.clock.Now().Add(f.take(f.Limiter, a))
		for f.clock.Now().Before(end) {
			if got, want := f.take(f.Limiter, a), end.Sub(f.clock.Now()); got != want {
				f.Fatalf("got a wait of %v, want %v: the block moves", got, want)
			}
			f.clock.Set(f.clock.Now().Add(30 * time.Second))
		}
		f.exhaust(a, 1)
	})
}

func TestLimitsAreSharedAndSurviveARestart(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		other := f.another()
		a := SignIn("ada@example.com", "192.0.2.1")
		for i := range 10 {
			if wait := f.take([]*Limiter{f.Limiter, other}[i%2], a); wait != 0 {
				f.Fatalf("attempt %d has to wait %v", i+1, wait)
			}
		}
		if f.take(other, a) == 0 || f.take(f.another(), a) == 0 {
			f.Error("an instance lets through what the others have used up")
		}
	})
}

func TestConcurrentAttemptsDoNotExceedTheLimit(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		var passed atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				err := f.Take(f.Context(), a)
				if _, past := errors.AsType[*Limited](err); err == nil {
					passed.Add(1)
				} else if !past {
					f.Error(err)
				}
			})
		}
		wg.Wait()
		if passed.Load() != 10 {
			f.Errorf("got %d through, want 10", passed.Load())
		}
	})
}

func TestAttemptsThatShareACounter(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		f.exhaust(SignIn("ada@example.com", "2001:db8:1:2::1"), 10)
		for _, a := range []Attempt{
			SignIn(" ADA@Example.com\t", "2001:db8:1:2::1"),
			SignIn("ada@example.com", "2001:db8:1:2:ffff::9"), // the same customer
			SignIn("ada@example.com", "2001:db8:1:2::1%eth0"),
		} {
			if f.take(f.Limiter, a) == 0 {
				f.Errorf("%v is counted apart, want it together", a[0].value)
			}
		}
		f.exhaust(SignIn("ada@example.com", "2001:db8:1:3::1"), 1) // the owner, elsewhere
		f.exhaust(SignIn("eve@example.com", "2001:db8:1:2::1"), 1)
		f.exhaust(CheckPassword("usr_ada", "ses_1"), 10) // the owner, signed in
		if f.take(f.Limiter, CheckPassword("usr_ada", "ses_1")) == 0 {
			f.Error("the checks of a signed-in user have no limit")
		}

		f.exhaust(SignIn("bea@example.com", "::ffff:192.0.2.7"), 10)
		if f.take(f.Limiter, SignIn("bea@example.com", "192.0.2.7")) == 0 {
			f.Error("an IPv4 address in IPv6 form is counted apart")
		}
		f.exhaust(SignIn("cleo@example.com", ""), 10)
		if f.take(f.Limiter, SignIn("cleo@example.com", "no address")) == 0 {
			f.Error("a client without an address has no limit")
		}
	})
}

// TestGuessesFromManyClientsAreLimited: each client tries a few times.
func TestGuessesFromManyClientsAreLimited(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		guess := func(i int) Attempt {
			return SignIn("ada@example.com", "198.51.100."+string(rune('0'+i%10))+string(rune('0'+i/10%10)))
		}
		for i := range 50 {
			if wait := f.take(f.Limiter, guess(i)); wait != 0 {
				f.Fatalf("guess %d has to wait %v", i+1, wait)
			}
		}
		if f.take(f.Limiter, SignIn("ada@example.com", "203.0.113.1")) == 0 {
			f.Error("got guess 51 at one account through, want it refused")
		}
		// One client, many accounts.
		for i := range 100 {
			f.exhaust(SignIn(strings.Repeat("x", i+1)+"@example.com", "203.0.113.2"), 1)
		}
		if f.take(f.Limiter, SignIn("y@example.com", "203.0.113.2")) == 0 {
			f.Error("got guess 101 of one client through, want it refused")
		}
	})
}

func TestASuccessClearsEarlierFailures(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		for i := range 300 { // an office behind one address, signing in all day
			a := SignIn(strings.Repeat("x", i%7+1)+"@example.com", "192.0.2.1")
			f.exhaust(a, 1)
			if err := f.Succeeded(f.Context(), a); err != nil {
				f.Fatal(err)
			}
		}
		a := SignIn("ada@example.com", "192.0.2.1")
		f.exhaust(a, 9)
		if err := f.Succeeded(f.Context(), a); err != nil {
			f.Fatal(err)
		}
		f.exhaust(a, 10)
		// A mail that was sent was sent.
		m := SendMail("ada@example.com", "192.0.2.1")
		f.exhaust(m, 5)
		if f.take(f.Limiter, m) == 0 {
			f.Error("got a sixth mail within the hour")
		}
	})
}

func TestOffDisablesAllLimits(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		l, err := New(f.db, []byte(strings.Repeat("s", 32)), f.clock.Now, true)
		if err != nil {
			f.Fatal(err)
		}
		for range 200 {
			if f.take(l, SignIn("ada@example.com", "192.0.2.1")) != 0 || l.Succeeded(f.Context(), SignUp("192.0.2.1")) != nil {
				f.Fatal("got an attempt refused")
			}
		}
	})
}

func TestCleanUpKeepsActiveCounters(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
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
			f.Errorf("got %d counters left, %v; want the one that was passed", n, err)
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
			if _, past := errors.AsType[*Limited](err); !past {
				b.Fatal(err)
			}
		}
	}
}

func TestAnUntriedAttemptIsNotCounted(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		for range 20 {
			f.exhaust(a, 1)
			if err := f.Untried(f.Context(), a); err != nil {
				f.Fatal(err)
			}
		}
		f.exhaust(a, 9)
		if err := f.Untried(f.Context(), a); err != nil {
			f.Fatal(err)
		}
		f.exhaust(a, 2) // what was counted before still is
		if f.take(f.Limiter, a) == 0 {
			f.Error("got an eleventh attempt through")
		}
	})
}

// TestAWrongClockBlocksNobodyForLong: it was a day ahead, and has been set right.
func TestAWrongClockBlocksNobodyForLong(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
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
