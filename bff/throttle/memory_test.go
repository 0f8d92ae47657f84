package throttle

import (
	"strconv"
	"testing"
	"time"

	"vestibule/store"
)

// TestABlockLiftedByAnotherInstance: the instance that lifts a block forgets it at once. Other
// instances remember it for maxAgeClearable.
func TestABlockLiftedByAnotherInstance(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		a, proven := SignIn("ada@example.com", "192.0.2.1"), Proven("ada@example.com", "192.0.2.1")
		other, queries := f.countQueries()
		blocked := func() {
			f.exhaust(a, 10)
			if f.take(f.Limiter, a) == 0 || f.take(other, a) == 0 {
				f.Fatal("the account is not blocked")
			}
			queries.want(f.T, "reading the block", 1, 0)
		}
		blocked()
		if err := f.Succeeded(f.Context(), proven); err != nil {
			f.Fatal(err)
		}
		if wait := f.take(f.Limiter, a); wait != 0 {
			f.Errorf("at the instance that lifted the block: got a wait of %v, want 0", wait)
		}
		f.clock.Advance(maxAgeClearable - time.Millisecond)
		if f.take(other, a) == 0 {
			f.Error("the other instance did not remember the block")
		}
		queries.want(f.T, "while the block is remembered", 0, 0)
		f.clock.Advance(time.Millisecond)
		if wait := f.take(other, a); wait != 0 {
			f.Errorf("at the other instance: got a wait of %v, want 0", wait)
		}
	})
}

// TestTheMemoryDoesNotBlockAKnownClient: a remembered block of the account refuses only
// clients that are remembered as unknown.
func TestTheMemoryDoesNotBlockAKnownClient(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		home, other := SignIn("ada@example.com", "192.0.2.1"), SignIn("ada@example.com", "192.0.2.2")
		f.lockOut("ada@example.com")
		l, queries := f.countQueries()
		for range 10 {
			for _, a := range []Attempt{home, other} {
				if f.take(l, a) == 0 {
					f.Fatal("an unknown client passed the account's block")
				}
			}
		}
		queries.want(f.T, "twenty attempts of two unknown clients", 2, 0)
		if err := f.Succeeded(f.Context(), home[2:3]); err != nil { // at another instance
			f.Fatal(err)
		}
		f.clock.Advance(maxAgeClearable)
		if wait := f.take(l, home); wait != 0 {
			f.Errorf("known client: got a wait of %v, want 0", wait)
		}
		if f.take(l, other) == 0 {
			f.Error("an unknown client passed the account's block")
		}
		// A second known client. The memory has no entry for it yet.
		if err := l.Succeeded(f.Context(), SignIn("ada@example.com", "192.0.2.3")[2:3]); err != nil {
			f.Fatal(err)
		}
		if f.take(l, other) == 0 {
			f.Error("an unknown client passed the account's block")
		}
		if wait := f.take(l, SignIn("ada@example.com", "192.0.2.3")); wait != 0 {
			f.Errorf("second known client: got a wait of %v, want 0", wait)
		}
	})
}

// TestAClockSetBackInvalidatesTheMemory: an entry from the future is not used. The database
// is asked instead.
func TestAClockSetBackInvalidatesTheMemory(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		other := f.newInstance()
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
			f.Errorf("got a wait of %v, want 0: the block was lifted", wait)
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
	epoch := b.currentEpoch()
	b.forget(keys) // between the read and remember
	b.remember(a, keys, []store.Counter{{BlockedUntil: noon.Add(time.Minute)}}, noon, epoch)
	if wait := b.wait(a, keys, noon); wait != 0 {
		t.Errorf("got a wait of %v, want 0: the read is outdated", wait)
	}
	b.remember(a, keys, []store.Counter{{BlockedUntil: noon.Add(time.Minute)}}, noon, b.currentEpoch())
	if wait := b.wait(a, keys, noon); wait != time.Minute {
		t.Errorf("got a wait of %v, want 1m", wait)
	}
}

func TestTheMemoryIsBounded(t *testing.T) {
	t.Parallel()
	b, err := newBlocks()
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxBlocks + 100 {
		b.remember(SignUp(""), []string{strconv.Itoa(i)}, []store.Counter{{BlockedUntil: noon.Add(time.Minute)}}, noon, b.currentEpoch())
	}
	if n := b.entries.Len(); n != maxBlocks {
		t.Errorf("got %d blocks remembered, want %d", n, maxBlocks)
	}
}
