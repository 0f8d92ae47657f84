package fair

import (
	"errors"
	"testing"
)

func TestAPlaceIsGivenBackOnce(t *testing.T) {
	t.Parallel()
	r := New(Limits{Places: 3, PerKey: 2})
	take := func(key string, n int, want error) Place {
		t.Helper()
		p, err := r.Take(key, n)
		if !errors.Is(err, want) || p.Held() != (want == nil) {
			t.Fatalf("got %v, held %t; want %v", err, p.Held(), want)
		}
		return p
	}
	a, b := take("a", 2, nil), take("b", 1, nil)
	take("a", 1, ErrKey)
	take("b", 1, ErrAll)
	a.Leave()
	a.Leave() // does nothing
	if taken, _ := r.Load(); taken != 1 || a.Held() {
		t.Errorf("got %d places taken, want that of b", taken)
	}
	c := take("c", 2, nil) // it has the holder of a, which has left
	if r.Held("a") != 0 || r.Held("b") != 1 || r.Held("c") != 2 {
		t.Errorf("got %d, %d and %d places of a, b and c, want 0, 1 and 2", r.Held("a"), r.Held("b"), r.Held("c"))
	}
	b.Leave()
	c.Leave()
	if taken, _ := r.Load(); taken != 0 || len(r.keys) != 0 || len(r.spare) != 2 {
		t.Errorf("got %d places, %d keys and %d spare holders, want 0, 0 and 2", taken, len(r.keys), len(r.spare))
	}
	var none Place
	none.Leave()
}

func TestAKeyThatComesAndGoesCostsNothing(t *testing.T) {
	r := New(Limits{Places: 1})
	if n := testing.AllocsPerRun(100, func() {
		p, _ := r.Take("a", 1)
		p.Leave()
	}); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

func TestFewSpareHoldersAreKept(t *testing.T) {
	t.Parallel()
	r := New(Limits{Places: 10 * maxSpare})
	var all []Place
	for i := range 10 * maxSpare {
		p, err := r.Take(string(rune('a'+i)), 1)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	for i := range all {
		all[i].Leave()
	}
	if len(r.spare) != maxSpare {
		t.Errorf("got %d spare holders, want %d", len(r.spare), maxSpare)
	}
}

func TestTakeIsForRoomsWithoutAQueue(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a room with a queue let somebody in past it")
		}
	}()
	_, _ = New(Limits{Places: 1, Queue: 1}).Take("a", 1)
}
