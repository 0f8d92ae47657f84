package fair

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// enter takes places that must be free.
func enter(t *testing.T, r *Room, key string, n int) (leave func()) {
	t.Helper()
	leave, err := r.Enter(t.Context(), key, n)
	if err != nil {
		t.Fatalf("%s: got %v, want a place", key, err)
	}
	return leave
}

func refused(t *testing.T, r *Room, key string, n int, want error) {
	t.Helper()
	if _, err := r.Enter(t.Context(), key, n); !errors.Is(err, want) {
		t.Fatalf("%s: got %v, want %v", key, err, want)
	}
}

// ask waits for a place in its own goroutine, and records the key that was served.
func ask(t *testing.T, r *Room, key string, served *[]string) (result chan error) {
	t.Helper()
	result = make(chan error, 1)
	go func() {
		leave, err := r.Enter(t.Context(), key, 1)
		if err == nil {
			*served = append(*served, key) // one place: no other goroutine writes now
			leave()
		}
		result <- err
	}()
	synctest.Wait()
	return result
}

func TestAKeyHasNoMoreThanItsShare(t *testing.T) {
	r := New(Limits{Places: 3, PerKey: 2})
	first := enter(t, r, "a", 1)
	enter(t, r, "a", 1)
	refused(t, r, "a", 1, ErrKey)
	enter(t, r, "b", 1)
	refused(t, r, "c", 1, ErrAll)
	first()
	first() // counts once
	enter(t, r, "c", 1)
	refused(t, r, "d", 1, ErrAll)
	refused(t, r, "d", 3, ErrKey) // never
}

func TestPlacesAreHandedOnInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Limits{Places: 1, Queue: 20})
		leave := enter(t, r, "greedy", 1)
		var served []string
		var results []chan error
		for range 5 {
			results = append(results, ask(t, r, "greedy", &served))
		}
		results = append(results, ask(t, r, "modest", &served), ask(t, r, "third", &served))
		leave()
		for _, result := range results {
			if err := <-result; err != nil {
				t.Fatal(err)
			}
		}
		if got, want := fmt.Sprint(served), "[modest third greedy greedy greedy greedy greedy]"; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		if len(r.keys) != 0 || len(r.turns) != 0 {
			t.Errorf("the room remembers %d keys and %d turns", len(r.keys), len(r.turns))
		}
	})
}

// TestAKeyDoesNotFollowItself: a request that arrives while another key has the only place
// is next, even if that key has long had others waiting.
func TestAKeyDoesNotFollowItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Limits{Places: 1, Queue: 20})
		leave := enter(t, r, "greedy", 1)
		inside := make(chan func(), 1)
		go func() {
			leave, err := r.Enter(t.Context(), "greedy", 1)
			if err != nil {
				t.Error(err)
			}
			inside <- leave
		}()
		synctest.Wait()
		var served []string
		ask(t, r, "greedy", &served)
		ask(t, r, "greedy", &served)
		leave()
		leave = <-inside // the greedy key is served; only now the other arrives
		ask(t, r, "modest", &served)
		leave()
		synctest.Wait()
		if got, want := fmt.Sprint(served), "[modest greedy greedy]"; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestTheKeyWithTheLeastIsNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Limits{Places: 2, Queue: 5})
		enter(t, r, "greedy", 1)
		leave := enter(t, r, "greedy", 1)
		var served []string
		ask(t, r, "greedy", &served)
		modest := ask(t, r, "modest", &served)
		leave()
		if err := <-modest; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got, want := fmt.Sprint(served), "[modest greedy]"; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestAFullQueueIsSharedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Limits{Places: 1, Queue: 4, QueuePerKey: 3})
		leave := enter(t, r, "a", 1)
		var served []string
		ask(t, r, "a", &served)
		ask(t, r, "a", &served)
		last := ask(t, r, "a", &served)
		refused(t, r, "a", 1, ErrKey) // its own share of the queue
		ask(t, r, "b", &served)
		ask(t, r, "c", &served) // takes the place of the last of a
		if err := <-last; !errors.Is(err, ErrKey) {
			t.Errorf("got %v, want %v", err, ErrKey)
		}
		refused(t, r, "a", 1, ErrKey)
		ask(t, r, "d", &served)
		refused(t, r, "e", 1, ErrAll) // each key in the queue has one
		refused(t, r, "b", 1, ErrKey)
		leave()
		synctest.Wait()
		if got, want := fmt.Sprint(served), "[b c d a]"; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestAWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Limits{Places: 1, Queue: 4, Wait: time.Second})
		leave := enter(t, r, "a", 1)
		start := time.Now()
		refused(t, r, "b", 1, ErrAll)
		if took := time.Since(start); took != time.Second {
			t.Errorf("got %v, want a second", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if _, err := r.Enter(ctx, "b", 1); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if _, err := r.Enter(ctx, "b", 1); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if _, waiting := r.Load(); waiting != 0 {
			t.Errorf("%d still wait", waiting)
		}
		leave()
		enter(t, r, "b", 1)
	})
}

// TestALargeRequestIsNotStarved: while a large request waits, smaller ones do not overtake it.
func TestALargeRequestIsNotStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Limits{Places: 10, Queue: 4})
		leave := enter(t, r, "a", 8)
		large := make(chan error, 1)
		go func() {
			_, err := r.Enter(t.Context(), "b", 6)
			large <- err
		}()
		synctest.Wait()
		var served []string
		small := ask(t, r, "c", &served)
		if len(served) > 0 {
			t.Error("a small one was let in before the large one that came first")
		}
		leave()
		if err := errors.Join(<-large, <-small); err != nil {
			t.Fatal(err)
		}
	})
}

// TestCrowd lets many requests arrive, wait, give up and leave, and counts them.
func TestCrowd(t *testing.T) {
	limits := Limits{Places: 7, PerKey: 4, Queue: 20, QueuePerKey: 8, Wait: 5 * time.Millisecond}
	r := New(limits)
	var all atomic.Int64
	var of [5]atomic.Int64
	var crowd sync.WaitGroup
	for i := range 40 {
		crowd.Go(func() {
			for range 200 {
				key, n := rand.IntN(len(of)), 1+rand.IntN(limits.PerKey)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(3000))*time.Microsecond)
				leave, err := r.Enter(ctx, fmt.Sprint(key), n)
				cancel()
				if err != nil {
					continue
				}
				if got := all.Add(int64(n)); got > int64(limits.Places) {
					t.Errorf("%d places are taken", got)
				}
				if got := of[key].Add(int64(n)); got > int64(limits.PerKey) {
					t.Errorf("one key has %d places", got)
				}
				if i%2 == 0 {
					time.Sleep(time.Duration(rand.IntN(100)) * time.Microsecond)
				}
				of[key].Add(int64(-n))
				all.Add(int64(-n))
				leave()
			}
		})
	}
	crowd.Wait()
	if taken, waiting := r.Load(); taken != 0 || waiting != 0 || len(r.keys) != 0 || len(r.turns) != 0 {
		t.Errorf("at the end got %d places taken, %d waiting, %d keys and %d turns, want none", taken, waiting, len(r.keys), len(r.turns))
	}
}
