package throttle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vestibule/store"
)

// TestOneNetworkDoesNotLockTheOwnerOut: an attacker with a /48 of IPv6 guesses for a day as
// fast as the limits allow, each time from a different /64.
func TestOneNetworkDoesNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
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
		// The most within an hour: 20 at the end of one window, and 21 in the next.
		guess()
		f.clock.Advance(59 * time.Minute)
		for range 60 {
			guess()
		}
		if passed != 20 {
			f.Fatalf("got %d guesses allowed within an hour, want 20", passed)
		}
		for f.clock.Now().Before(noon.Add(24 * time.Hour)) {
			for range 21 { // the last one starts a block of an hour
				guess()
			}
			if wait := f.take(f.Limiter, owner); wait != 0 {
				f.Fatalf("after %v and %d guesses the owner must wait %v", f.clock.Now().Sub(noon), passed, wait)
			}
			if err := f.Untried(f.Context(), owner); err != nil {
				f.Fatal(err)
			}
			f.clock.Advance(time.Hour)
		}
		if f.take(f.Limiter, SignIn("ada@example.com", "2001:db8:8::1")) != 0 {
			f.Error("another network must wait, want it allowed")
		}
	})
}

func TestTwoWindowsOfANetworkStayBelowTheAccount(t *testing.T) {
	t.Parallel()
	// A full window, then a full window and the attempt that starts the block.
	if most := signInNetwork.limit + signInNetwork.limit + 1; most > signInAccount.limit || signInNetwork.window < signInAccount.window || signInNetwork.block < signInAccount.window {
		t.Errorf("one network can make %d attempts in an hour, and the account's limit is %d", most, signInAccount.limit)
	}
}

// lockOut exhausts the account's limit from many clients.
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
	onSQLite(t, func(f *fixture) {
		home, other := SignIn("ada@example.com", "192.0.2.1"), SignIn("ada@example.com", "192.0.2.2")
		if err := f.Succeeded(f.Context(), home); err != nil {
			f.Fatal(err)
		}
		f.lockOut("ada@example.com")
		if f.take(f.Limiter, other) == 0 {
			f.Error("an unknown client passed the account's block")
		}
		if f.take(f.Limiter, SignIn("eve@example.com", "192.0.2.1")) != 0 {
			f.Error("another account at the known client must wait")
		}
		// The known client has its own limit. Its guesses do not count for the account.
		f.exhaust(home, 10)
		if got, want := f.take(f.Limiter, home), 5*time.Minute; got != want {
			f.Errorf("guess 11: got a wait of %v, want %v", got, want)
		}
		// The client stays known after other clients' attempts, after a restart and at other instances.
		f.clock.Advance(60 * 24 * time.Hour)
		f.lockOut("ada@example.com")
		if wait := f.take(f.newInstance(), home); wait != 0 {
			f.Errorf("two months later the owner must wait %v", wait)
		}
		if _, err := f.db.DeleteExpiredCounters(f.Context(), f.clock.Now()); err != nil {
			f.Fatal(err)
		}
		if wait := f.take(f.Limiter, home); wait != 0 {
			f.Errorf("after a clean-up the owner must wait %v", wait)
		}
		f.clock.Advance(31 * 24 * time.Hour)
		f.lockOut("ada@example.com")
		if f.take(f.Limiter, home) == 0 {
			f.Error("the client is still known after three months")
		}
	})
}

func TestAFailedAttemptMakesNoClientKnown(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		f.exhaust(a, 3)
		if err := f.Untried(f.Context(), a); err != nil {
			f.Fatal(err)
		}
		f.lockOut("ada@example.com")
		if f.take(f.Limiter, a) == 0 {
			f.Error("a client with only failed attempts passed the account's block")
		}
	})
}

func TestAProvenOwnerIsUnblocked(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		thief, owner := SignIn("ada@example.com", "2001:db8:7:1::1"), SignIn("ada@example.com", "192.0.2.1")
		f.exhaust(thief, 10)
		f.take(f.Limiter, thief)
		f.lockOut("ada@example.com")
		f.exhaust(CheckPassword("usr_ada", "ses_1"), 10)
		f.exhaust(CheckLink("usr_ada"), 10)
		for _, a := range []Attempt{owner, CheckPassword("usr_ada", "ses_1"), CheckLink("usr_ada")} {
			if f.take(f.Limiter, a) == 0 {
				f.Fatal("got an attempt allowed, want all blocked")
			}
		}
		a := append(append(Proven("ada@example.com", "192.0.2.1"), CheckPassword("usr_ada", "ses_1")...), CheckLink("usr_ada")...)
		if err := f.Succeeded(f.Context(), a); err != nil {
			f.Fatal(err)
		}
		for _, a := range []Attempt{owner, CheckPassword("usr_ada", "ses_1"), CheckLink("usr_ada"), SignIn("ada@example.com", "192.0.2.9")} {
			if wait := f.take(f.Limiter, a); wait != 0 {
				f.Errorf("the owner must wait %v", wait)
			}
		}
		if f.take(f.Limiter, thief) == 0 {
			f.Error("got the guessing client allowed, want it still blocked")
		}
		f.lockOut("ada@example.com")
		if f.take(f.Limiter, owner) != 0 {
			f.Error("the owner's client must wait, want it known")
		}
	})
}

func TestCountersOfKnownClientsNameNobody(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		a := SignIn("ada@example.com", "2001:db8:7:1::1")
		if err := f.Succeeded(f.Context(), a); err != nil {
			f.Fatal(err)
		}
		for _, key := range f.keys(a) {
			if len(key) != 64 || strings.Contains(key, "example") {
				f.Errorf("got key %q, want 64 hexadecimal digits", key)
			}
		}
		if n, err := f.db.DeleteExpiredCounters(f.Context(), noon.Add(91*24*time.Hour)); err != nil || n != 1 {
			f.Errorf("got %d expired counters, %v; want 1", n, err)
		}
		var left int
		if err := f.db.Count(f.Context(), f.keys(a), func(c []store.Counter) {
			for i := range c {
				left += c[i].Count
			}
		}); err != nil || left != 0 {
			f.Errorf("got %d attempts left, %v; want 0", left, err)
		}
	})
}

// TestBlockedAttemptsAreNotCounted: further attempts of a blocked client must not use up the
// limit that the account has for all clients.
func TestBlockedAttemptsAreNotCounted(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		f.exhaust(a, 10)
		for range 60 {
			if f.take(f.Limiter, a) == 0 {
				f.Fatal("got a blocked attempt allowed")
			}
		}
		f.exhaust(SignIn("ada@example.com", "198.51.100.7"), 1)
	})
}
