package password

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func from(address string) Share { return Share{Address: address} }

// letOne ends one computation and lets the next begin.
func (s *stalled) letOne() {
	s.leave <- struct{}{}
	synctest.Wait()
}

func TestOneAddressDoesNotKeepOthersOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 4, Wait: time.Hour})
		var greedy []<-chan error
		for range 5 {
			greedy = append(greedy, s.startFor(t.Context(), from("greedy")))
		}
		wantResult(t, s.startFor(t.Context(), from("greedy")), ErrBusy)
		// The line is full. Others have a place all the same, of the one who has the most.
		modest := s.startFor(t.Context(), from("modest"))
		wantResult(t, greedy[4], ErrBusy)
		third := s.startFor(t.Context(), from("third"))
		wantResult(t, greedy[3], ErrBusy)
		// And they are next, though two of the first address came before them.
		s.letOne()
		wantResult(t, greedy[0], nil)
		s.letOne()
		wantResult(t, modest, nil)
		s.letOne()
		wantResult(t, third, nil)
		if len(greedy[1]) != 0 {
			t.Error("an address has had two turns before others had one")
		}
		s.drain()
		wantResult(t, greedy[1], nil)
		wantResult(t, greedy[2], nil)
		wantEmpty(t, s)
	})
}

func TestAGroupGetsAtMostHalfOfTheQueue(t *testing.T) {
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
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 8, Wait: time.Hour})
		var strangers []<-chan error
		for i := range 9 {
			strangers = append(strangers, s.startFor(t.Context(), from(fmt.Sprint(i))))
		}
		wantResult(t, s.startFor(t.Context(), from("one more")), ErrBusy)
		known := s.startFor(t.Context(), Share{User: "usr_1", Address: "0"})
		s.letOne()
		wantResult(t, strangers[0], nil)
		s.letOne()
		wantResult(t, known, nil)
		// Nor the other way round.
		var users []<-chan error
		for i := range 8 {
			users = append(users, s.startFor(t.Context(), Share{User: fmt.Sprint("usr_", i), Address: fmt.Sprint(i)}))
		}
		s.letOne()
		s.letOne()
		wantResult(t, strangers[1], nil)
		if len(strangers[2])+len(users[0]) != 1 {
			t.Error("the kinds do not take turns")
		}
		s.drain()
		for _, done := range append(strangers[3:], users[1:]...) {
			wantResult(t, done, nil)
		}
		wantEmpty(t, s)
	})
}

func TestARefusalReleasesAllPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStalled(t, Config{Parallel: 1, Queue: 1, Wait: time.Second})
		running, waiting := s.startFor(t.Context(), from("a")), s.startFor(t.Context(), from("b"))
		// Each of these takes a place of its crowd first.
		wantResult(t, s.startFor(t.Context(), Share{Address: "c", Network: "n"}), ErrBusy)
		user := s.startFor(t.Context(), Share{User: "u", Address: "d"}) // and one in its line
		time.Sleep(time.Second)
		wantResult(t, waiting, ErrBusy)
		wantResult(t, user, ErrBusy)
		s.drain()
		wantResult(t, running, nil)
		wantEmpty(t, s)
	})
}
