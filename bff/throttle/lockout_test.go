package throttle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vestibule/store"
)

// TestOneNetworkDoesNotLockTheOwnerOut: somebody with a /48 of IPv6 guesses for a day, from
// another of its 65 536 places each time, as fast as they are let.
func TestOneNetworkDoesNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		owner := SignIn("ada@example.com", "192.0.2.1")
		passed, n := 0, 0
		guess := func() bool {
			n++
			if f.take(f.Limiter, SignIn("ada@example.com", fmt.Sprintf("2001:db8:7:%x::1", n))) == 0 {
				passed++
				return true
			}
			return false
		}
		// 20 at the end of one window and 21 in the next are the most within an hour.
		guess()
		f.clock.Advance(59 * time.Minute)
		for range 60 {
			guess()
		}
		if passed != 20 {
			f.Fatalf("got %d guesses through within an hour, want 20", passed)
		}
		for f.clock.Now().Before(noon.Add(24 * time.Hour)) {
			for range 3 {
				guess()
			}
			if wait := f.take(f.Limiter, owner); wait != 0 {
				f.Fatalf("after %v and %d guesses the owner has to wait %v", f.clock.Now().Sub(noon), passed, wait)
			}
			if err := f.Untried(f.Context(), owner); err != nil {
				f.Fatal(err)
			}
			f.clock.Advance(5 * time.Minute)
		}
		if f.take(f.Limiter, SignIn("ada@example.com", "2001:db8:8::1")) != 0 {
			f.Error("another network has to wait")
		}
	})
}

func TestTwoWindowsOfANetworkStayBelowTheAccount(t *testing.T) {
	t.Parallel()
	// The last of one window, and in the next one too many.
	if most := signInNetwork.limit + signInNetwork.limit + 1; most > signInAccount.limit || signInNetwork.window < signInAccount.window || signInNetwork.block < signInAccount.window {
		t.Errorf("one network can make %d attempts in an hour, and the account's limit is %d", most, signInAccount.limit)
	}
}

// lockOut uses up what the account has, from many clients.
func (f *fixture) lockOut(email string) {
	f.Helper()
	for i := range 51 {
		f.take(f.Limiter, SignIn(email, fmt.Sprintf("198.51.100.%d", i)))
	}
	if f.take(f.Limiter, SignIn(email, "203.0.113.1")) == 0 {
		f.Fatal("the account is not blocked")
	}
}

func TestTheOwnerIsNotLockedOutAtAKnownClient(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		home, other := SignIn("ada@example.com", "192.0.2.1"), SignIn("ada@example.com", "192.0.2.2")
		if err := f.Succeeded(f.Context(), home); err != nil {
			f.Fatal(err)
		}
		f.lockOut("ada@example.com")
		if f.take(f.Limiter, other) == 0 {
			f.Error("a client that nobody knows passes the account's block")
		}
		if f.take(f.Limiter, SignIn("eve@example.com", "192.0.2.1")) != 0 {
			f.Error("another account at this client has to wait")
		}
		// It is held to its own limit, and what it guesses does not count against the others.
		f.exhaust(home, 10)
		if got, want := f.take(f.Limiter, home), 5*time.Minute; got != want {
			f.Errorf("guess 11: got a wait of %v, want %v", got, want)
		}
		// Its being known outlives what others do, restarts and other instances.
		f.clock.Advance(60 * 24 * time.Hour)
		f.lockOut("ada@example.com")
		if wait := f.take(f.another(), home); wait != 0 {
			f.Errorf("two months later the owner has to wait %v", wait)
		}
		if _, err := f.db.DeleteExpiredCounters(f.Context(), f.clock.Now()); err != nil {
			f.Fatal(err)
		}
		if wait := f.take(f.Limiter, home); wait != 0 {
			f.Errorf("after a clean-up the owner has to wait %v", wait)
		}
		f.clock.Advance(31 * 24 * time.Hour)
		f.lockOut("ada@example.com")
		if f.take(f.Limiter, home) == 0 {
			f.Error("after three months the client is still known")
		}
	})
}

func TestAFailedAttemptMakesNoClientKnown(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		f.exhaust(a, 3)
		if err := f.Untried(f.Context(), a); err != nil {
			f.Fatal(err)
		}
		f.lockOut("ada@example.com")
		if f.take(f.Limiter, a) == 0 {
			f.Error("a client that has only tried passes the account's block")
		}
	})
}

func TestAProvenOwnerIsUnblocked(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		thief, owner := SignIn("ada@example.com", "2001:db8:7:1::1"), SignIn("ada@example.com", "192.0.2.1")
		f.exhaust(thief, 10)
		f.take(f.Limiter, thief)
		f.lockOut("ada@example.com")
		f.exhaust(CheckPassword("usr_ada", "ses_1"), 10)
		f.exhaust(CheckLink("usr_ada"), 10)
		for _, a := range []Attempt{owner, CheckPassword("usr_ada", "ses_1"), CheckLink("usr_ada")} {
			if f.take(f.Limiter, a) == 0 {
				f.Fatal("want everything blocked first")
			}
		}
		a := append(append(Proven("ada@example.com", "192.0.2.1"), CheckPassword("usr_ada", "ses_1")...), CheckLink("usr_ada")...)
		if err := f.Succeeded(f.Context(), a); err != nil {
			f.Fatal(err)
		}
		for _, a := range []Attempt{owner, CheckPassword("usr_ada", "ses_1"), CheckLink("usr_ada"), SignIn("ada@example.com", "192.0.2.9")} {
			if wait := f.take(f.Limiter, a); wait != 0 {
				f.Errorf("the owner has to wait %v", wait)
			}
		}
		if f.take(f.Limiter, thief) == 0 {
			f.Error("the client that guessed is let in again")
		}
		f.lockOut("ada@example.com")
		if f.take(f.Limiter, owner) != 0 {
			f.Error("the owner's client is not known")
		}
	})
}

func TestCountersOfKnownClientsNameNobody(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		a := SignIn("ada@example.com", "2001:db8:7:1::1")
		if err := f.Succeeded(f.Context(), a); err != nil {
			f.Fatal(err)
		}
		for _, key := range f.keys(a) {
			if len(key) != 64 || strings.Contains(key, "example") {
				f.Errorf("got key %q", key)
			}
		}
		if n, err := f.db.DeleteExpiredCounters(f.Context(), noon.Add(91*24*time.Hour)); err != nil || n != 1 {
			f.Errorf("got %d counters, %v; want one, which expires", n, err)
		}
		var left int
		if err := f.db.Count(f.Context(), f.keys(a), func(c []store.Counter) {
			for i := range c {
				left += c[i].Count
			}
		}); err != nil || left != 0 {
			f.Errorf("got %d, %v", left, err)
		}
	})
}

func FuzzNetwork(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1%eth0", "", "x", "::"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ip string) {
		if got := network(ip); got != "" && (!strings.HasSuffix(got, "/48") || network(strings.TrimSuffix(got, "/48")) != got) {
			t.Errorf("%q became %q", ip, got)
		}
	})
}
