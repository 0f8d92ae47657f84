package throttle

import (
	"strings"
	"testing"
)

func TestAttemptsThatShareACounter(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		f.exhaust(SignIn("ada@example.com", "2001:db8:1:2::1"), 10)
		for _, a := range []Attempt{
			SignIn(" ADA@Example.com\t", "2001:db8:1:2::1"),
			SignIn("ada@example.com", "2001:db8:1:2:ffff::9"), // the same /64
			SignIn("ada@example.com", "2001:db8:1:2::1%eth0"),
		} {
			if f.take(f.Limiter, a) == 0 {
				f.Errorf("%q has its own counter, want it shared", a[0].value)
			}
		}
		f.exhaust(SignIn("ada@example.com", "2001:db8:1:3::1"), 1) // the owner, at another client
		f.exhaust(SignIn("eve@example.com", "2001:db8:1:2::1"), 1)
		f.exhaust(CheckPassword("usr_ada", "ses_1"), 10) // the owner, signed in
		if f.take(f.Limiter, CheckPassword("usr_ada", "ses_1")) == 0 {
			f.Error("the password checks of a signed-in user have no limit")
		}

		f.exhaust(SignIn("bea@example.com", "::ffff:192.0.2.7"), 10)
		if f.take(f.Limiter, SignIn("bea@example.com", "192.0.2.7")) == 0 {
			f.Error("an IPv4 address in IPv6 form has its own counter")
		}
		f.exhaust(SignIn("cleo@example.com", ""), 10)
		if f.take(f.Limiter, SignIn("cleo@example.com", "no address")) == 0 {
			f.Error("a client without an address has no limit")
		}
	})
}

// TestGuessesFromManyClientsAreLimited: each client makes only a few attempts.
func TestGuessesFromManyClientsAreLimited(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(f *fixture) {
		guess := func(i int) Attempt {
			return SignIn("ada@example.com", "198.51.100."+string(rune('0'+i%10))+string(rune('0'+i/10%10)))
		}
		for i := range 50 {
			if wait := f.take(f.Limiter, guess(i)); wait != 0 {
				f.Fatalf("guess %d must wait %v", i+1, wait)
			}
		}
		if f.take(f.Limiter, SignIn("ada@example.com", "203.0.113.1")) == 0 {
			f.Error("got guess 51 at one account allowed, want it refused")
		}
		// One client, many accounts.
		for i := range 100 {
			f.exhaust(SignIn(strings.Repeat("x", i+1)+"@example.com", "203.0.113.2"), 1)
		}
		if f.take(f.Limiter, SignIn("y@example.com", "203.0.113.2")) == 0 {
			f.Error("got guess 101 of one client allowed, want it refused")
		}
	})
}

func FuzzNetwork(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1%eth0", "", "x", "::"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ip string) {
		if got := network(ip); got != "" && (!strings.HasSuffix(got, "/48") || network(strings.TrimSuffix(got, "/48")) != got) {
			t.Errorf("network(%q) = %q, want a /48 or an empty string", ip, got)
		}
	})
}
