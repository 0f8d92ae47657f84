package password

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func from(address string) Share { return Share{Address: address} }

// finishOne ends one computation and waits until the next has started.
func (s *stalled) finishOne() {
	s.finish <- struct{}{}
	synctest.Wait()
}

func TestOneAddressDoesNotKeepOthersOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 4, Wait: time.Hour})
		var greedy []<-chan error
		for range 5 {
			greedy = append(greedy, s.startFor(t.Context(), from("greedy")))
		}
		wantResult(t, s.startFor(t.Context(), from("greedy")), ErrBusy)
		// The line is full. A newcomer replaces an entry of the address with the most entries.
		modest := s.startFor(t.Context(), from("modest"))
		wantResult(t, greedy[4], ErrBusy)
		third := s.startFor(t.Context(), from("third"))
		wantResult(t, greedy[3], ErrBusy)
		// The newcomers are next, although two entries of the first address are older.
		s.finishOne()
		wantResult(t, greedy[0], nil)
		s.finishOne()
		wantResult(t, modest, nil)
		s.finishOne()
		wantResult(t, third, nil)
		if len(greedy[1]) != 0 {
			t.Error("an address got two permits before others got one")
		}
		s.drain()
		wantResult(t, greedy[1], nil)
		wantResult(t, greedy[2], nil)
		wantEmpty(t, s)
	})
}

func TestAGroupGetsAtMostHalfOfTheQueue(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]func(i int) Share{
		"of addresses": func(i int) Share { return Share{Address: fmt.Sprint(i), Network: "2001:db8::/48"} },
		"of users":     func(i int) Share { return Share{User: fmt.Sprint(i), Address: "192.0.2.1"} },
		"of both":      func(i int) Share { return Share{User: fmt.Sprint(i), Address: fmt.Sprint(i), Network: "2001:db8::/48"} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStalled(t, Config{Parallel: 1, Queue: 7, Wait: time.Hour})
				var in []<-chan error
				for i := range 4 {
					in = append(in, s.startFor(t.Context(), one(i)))
				}
				wantResult(t, s.startFor(t.Context(), one(4)), ErrBusy)
				other := one(5)
				other.Address, other.Network = "198.51.100.1", ""
				in = append(in, s.startFor(t.Context(), other))
				s.drain()
				for _, done := range in {
					wantResult(t, done, nil)
				}
				wantEmpty(t, s)
			})
		})
	}
}

func TestStrangersDoNotBlockKnownUsers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 8, Wait: time.Hour})
		var strangers []<-chan error
		for i := range 9 {
			strangers = append(strangers, s.startFor(t.Context(), from(fmt.Sprint(i))))
		}
		wantResult(t, s.startFor(t.Context(), from("one more")), ErrBusy)
		known := s.startFor(t.Context(), Share{User: "usr_1", Address: "0"})
		s.finishOne()
		wantResult(t, strangers[0], nil)
		s.finishOne()
		wantResult(t, known, nil)
		// Known users do not block strangers either.
		var users []<-chan error
		for i := range 8 {
			users = append(users, s.startFor(t.Context(), Share{User: fmt.Sprint("usr_", i), Address: fmt.Sprint(i)}))
		}
		s.finishOne()
		s.finishOne()
		wantResult(t, strangers[1], nil)
		if len(strangers[2])+len(users[0]) != 1 {
			t.Error("got two permits for the same line, want them to alternate")
		}
		s.drain()
		for _, done := range append(strangers[3:], users[1:]...) {
			wantResult(t, done, nil)
		}
		wantEmpty(t, s)
	})
}

func TestARefusalReleasesAllPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 1, Wait: time.Second})
		running, waiting := s.startFor(t.Context(), from("a")), s.startFor(t.Context(), from("b"))
		// Each of these calls takes a place of its group before it is refused.
		wantResult(t, s.startFor(t.Context(), Share{Address: "c", Network: "n"}), ErrBusy)
		user := s.startFor(t.Context(), Share{User: "u", Address: "d"}) // takes a place in its line too
		time.Sleep(time.Second)
		wantResult(t, waiting, ErrBusy)
		wantResult(t, user, ErrBusy)
		s.drain()
		wantResult(t, running, nil)
		wantEmpty(t, s)
	})
}
