package throttle

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/fair"
	"vestibule/store"
)

// queryCounter counts the queries of a limiter.
type queryCounter struct {
	Store
	reads, writes atomic.Int64
}

func (w *queryCounter) Counters(ctx context.Context, keys []string) ([]store.Counter, error) {
	w.reads.Add(1)
	return w.Store.Counters(ctx, keys)
}

func (w *queryCounter) Count(ctx context.Context, keys []string, decide func([]store.Counter)) error {
	w.writes.Add(1)
	return w.Store.Count(ctx, keys, decide)
}

// countQueries returns a second instance's limiter, with an empty memory, and the counter of
// its queries.
func (f *fixture) countQueries() (*Limiter, *queryCounter) {
	f.Helper()
	w := &queryCounter{Store: f.db}
	l, err := New(w, []byte(strings.Repeat("s", 32)), f.clock.Now, false)
	if err != nil {
		f.Fatal(err)
	}
	return l, w
}

// want checks the number of queries since the last call.
func (w *queryCounter) want(t *testing.T, what string, reads, writes int64) {
	t.Helper()
	if r, n := w.reads.Swap(0), w.writes.Swap(0); r > reads || n != writes {
		t.Errorf("%s: got %d reads and %d writes, want at most %d and %d", what, r, n, reads, writes)
	}
}

// refusals makes n concurrent attempts and checks that each is refused.
func (f *fixture) refusals(l *Limiter, n int, a func(int) Attempt) {
	f.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			err := l.Take(f.Context(), a(i))
			_, limited := errors.AsType[*Limited](err)
			_, full := errors.AsType[fair.Full](err)
			if !limited && !full {
				f.Errorf("attempt %d: got %v, want *Limited or fair.Full", i, err)
			}
		})
	}
	wg.Wait()
}

// TestBlockedAttemptsAreCheap: a thousand attempts against a block cause no write. They
// cause one read if the block is not in memory or was read too long ago.
func TestBlockedAttemptsAreCheap(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]struct {
		n      int
		block  func(int) Attempt
		again  func(int) Attempt
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
			onSQLite(t, func(f *fixture) {
				l, queries := f.countQueries()
				for i := range limit.n {
					if wait := f.take(l, limit.block(i)); wait != 0 {
						f.Fatalf("attempt %d must wait %v, want 0", i+1, wait)
					}
				}
				first := f.take(l, limit.block(0))
				queries.want(f.T, "until the block", int64(limit.n)+1, int64(limit.n)+1)
				f.refusals(l, 1000, limit.again)
				queries.want(f.T, "a thousand concurrent attempts", 0, 0)
				f.clock.Advance(limit.maxAge)
				f.refusals(l, 100, limit.again)
				queries.want(f.T, "after maxAge", 1, 0)

				l, queries = f.countQueries()
				f.refusals(l, 300, limit.again)
				queries.want(f.T, "after a restart", 1, 0)
				if got, want := f.take(l, limit.block(0)), first-limit.maxAge; got > want || got <= 0 {
					f.Errorf("after a restart: got a wait of %v, want %v", got, want)
				}
			})
		})
	}
}

func always(a Attempt) func(int) Attempt { return func(int) Attempt { return a } }

// hookedStore calls afterRead after every read of counters.
type hookedStore struct {
	Store
	afterRead func()
}

func (s *hookedStore) Counters(ctx context.Context, keys []string) ([]store.Counter, error) {
	counters, err := s.Store.Counters(ctx, keys)
	s.afterRead()
	return counters, err
}

// TestABlockSetByAnotherInstanceMeanwhile: another instance sets a block between the read and
// the write. The attempt is refused and not counted.
func TestABlockSetByAnotherInstanceMeanwhile(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		stub := &hookedStore{Store: f.db, afterRead: func() {}}
		l, err := New(stub, []byte(strings.Repeat("s", 32)), f.clock.Now, false)
		if err != nil {
			f.Fatal(err)
		}
		stub.afterRead = func() {
			f.exhaust(a, 10)
			f.take(f.Limiter, a)
		}
		if f.take(l, a) == 0 {
			f.Error("got the attempt allowed, want it refused")
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
