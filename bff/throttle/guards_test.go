package throttle

import (
	"strconv"
	"strings"
	"testing"

	"vestibule/store"
)

// TestAGoodSignInDoesNotClearTheAddress: or whoever has an account of their own
// could go on guessing at others' for ever.
func TestAGoodSignInDoesNotClearTheAddress(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		guess := func(i int) Attempt { return SignIn("user"+strconv.Itoa(i)+"@example.com", "192.0.2.1") }
		for i := range 99 {
			f.exhaust(guess(i), 1)
		}
		own := SignIn("mallory@example.com", "192.0.2.1")
		f.exhaust(own, 1)
		if err := f.Succeeded(f.Context(), own); err != nil {
			f.Fatal(err)
		}
		f.exhaust(guess(100), 1)
		if f.take(f.Limiter, guess(101)) == 0 {
			f.Error("got guess 101 of one address through after a good sign-in from there")
		}
	})
}

// TestBlockedAttemptsAreNotCounted: somebody who goes on from one place must
// not use up what the account has for all places.
func TestBlockedAttemptsAreNotCounted(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		f.exhaust(a, 10)
		for range 60 {
			if f.take(f.Limiter, a) == 0 {
				f.Fatal("got an attempt through a block")
			}
		}
		f.exhaust(SignIn("ada@example.com", "198.51.100.7"), 1)
	})
}

// TestTakingBackNeverRaisesTheLimit: what is taken back was counted before, or there is
// nothing to take back.
func TestTakingBackNeverRaisesTheLimit(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		for name, takeBack := range map[string]func(Attempt) error{
			"untried":   func(a Attempt) error { return f.Untried(f.Context(), a) },
			"succeeded": func(a Attempt) error { return f.Succeeded(f.Context(), a) },
		} {
			a := SignUp(map[string]string{"untried": "192.0.2.1", "succeeded": "192.0.2.2"}[name])
			f.exhaust(a, 1)
			for range 6 { // of other instances, for attempts of the window before
				if err := takeBack(a); err != nil {
					f.Fatal(err)
				}
			}
			f.exhaust(a, 60)
			if f.take(f.Limiter, a) == 0 {
				f.Errorf("%s: got attempt 61 through", name)
			}
		}
	})
}

// TestCountersAreKeyedWithTheSecret: whoever reads the table must not find out which
// addresses are in it by trying some.
func TestCountersAreKeyedWithTheSecret(t *testing.T) {
	t.Parallel()
	each(t, func(f *fixture) {
		a := SignIn("ada@example.com", "192.0.2.1")
		other, err := New(f.db, []byte(strings.Repeat("t", 32)), f.clock.Now, false)
		if err != nil {
			f.Fatal(err)
		}
		for i, key := range f.keys(a) {
			if key == other.keys(a)[i] {
				f.Errorf("got the same key of the counter %q with two secrets", a[i].rule.name)
			}
		}
		f.exhaust(a, 10)
		err = f.db.Count(f.Context(), other.keys(a), func(counters []store.Counter) {
			for i, c := range counters {
				if c.Count != 0 {
					f.Errorf("got %d attempts of %q under the key of another secret", c.Count, a[i].rule.name)
				}
			}
		})
		if err != nil {
			f.Fatal(err)
		}
	})
}
