package throttle

import (
	"strconv"
	"strings"
	"testing"
)

func TestASuccessClearsEarlierFailures(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		for i := range 150 { // a whole office signs in from one address, more often than either limit
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
		m := SendMail("ada@example.com", "192.0.2.1")
		f.exhaust(m, 5)
		if f.take(f.Limiter, m) == 0 {
			f.Error("got a sixth mail within an hour allowed, want it refused")
		}
	})
}

func TestAnUntriedAttemptIsNotCounted(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
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
		f.exhaust(a, 2) // the nine attempts before are still counted
		if f.take(f.Limiter, a) == 0 {
			f.Error("got an eleventh attempt allowed, want it refused")
		}
	})
}

// TestAGoodSignInDoesNotClearTheAddress: otherwise an attacker with an account could reset the
// address's counter by signing in, and guess at other accounts without a limit.
func TestAGoodSignInDoesNotClearTheAddress(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
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
			f.Error("got guess 101 of an address allowed after a successful sign-in, want it refused")
		}
	})
}

// TestDecrementingNeverRaisesTheLimit: a counter does not fall below 0.
func TestDecrementingNeverRaisesTheLimit(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		for name, decrement := range map[string]func(Attempt) error{
			"untried":   func(a Attempt) error { return f.Untried(f.Context(), a) },
			"succeeded": func(a Attempt) error { return f.Succeeded(f.Context(), a) },
		} {
			a := SignUp(map[string]string{"untried": "192.0.2.1", "succeeded": "192.0.2.2"}[name])
			f.exhaust(a, 1)
			for range 6 { // as by other instances, for attempts in an earlier window
				if err := decrement(a); err != nil {
					f.Fatal(err)
				}
			}
			f.exhaust(a, 60)
			if f.take(f.Limiter, a) == 0 {
				f.Errorf("%s: got attempt 61 allowed, want it refused", name)
			}
		}
	})
}
