package daemon

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var (
	balancerA = netip.MustParseAddr("127.0.0.1")
	balancerB = netip.MustParseAddr("127.0.0.2")
)

// polled returns the polls of a balancer that asked every period and got an ok each time,
// the last time before ago.
func polled(from netip.Addr, times int, period, before time.Duration) *readyzPolls {
	n := &readyzPolls{}
	last := time.Now().Add(-before)
	for i := times - 1; i >= 0; i-- {
		n.record(newPollerID(from, ""), true, last.Add(-time.Duration(i)*period))
	}
	return n
}

func TestAStopWaitsForThreeFailingAnswers(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		name           string
		times          int
		period, before time.Duration
		answers        int // how many polls are answered with stopping
		waited         time.Duration
	}{
		{"no polls", 0, 0, 0, 0, 0},
		{"one poll", 1, s, s, 0, 0},
		{"two polls by hand", 2, s, s, 0, 0},
		{"a balancer that polls every second", 9, s, s / 2, 3, 2*s + s/2 + routingDelay},
		{"HAProxy", 9, 2 * s, s, 3, 5*s + routingDelay},
		{"a kubelet", 9, 10 * s, 10 * s, 3, 20*s + routingDelay},
		{"a balancer that polls every 30 s", 9, 30 * s, 0, 3, 90*s + routingDelay},
		{"a balancer that stops after one failing answer", 9, s, 0, 1, s + 3*s + pollMargin + routingDelay},
		{"a balancer that does not poll any more", 9, 10 * s, 4 * s, 0, 30*s + pollMargin - 4*s + routingDelay},
		{"a balancer that was gone before", 9, s, 5 * s, 0, 0},
		{"the wait has a limit", 9, 40 * s, 0, 3, maxPollWait + routingDelay},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := polled(balancerA, tt.times, tt.period, tt.before)
				stop := time.Now()
				var balancer sync.WaitGroup
				balancer.Go(func() {
					time.Sleep(tt.period - tt.before)
					for range tt.answers {
						n.record(newPollerID(balancerA, ""), false, time.Now())
						time.Sleep(tt.period)
					}
				})
				n.wait()
				if got := time.Since(stop); got != tt.waited {
					t.Errorf("got %v of waiting, want %v", got, tt.waited)
				}
				balancer.Wait()
			})
		})
	}
}

// If the first balancer that sees the stop ended the wait, the second one would send
// requests to a closed listener.
func TestAStopWaitsForEachBalancer(t *testing.T) {
	for name, b := range map[string]pollerID{
		"two addresses":             {balancerB, "x"},
		"two programs, one address": {balancerA, "y"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &admin{log: discard}
				h := a.handler()
				poll := func(from pollerID, want int) {
					r := httptest.NewRequest(http.MethodGet, "/readyz", nil)
					r.RemoteAddr = netip.AddrPortFrom(from.address, 50000).String()
					r.Header.Set("User-Agent", from.agent)
					w := httptest.NewRecorder()
					if h.ServeHTTP(w, r); w.Code != want {
						t.Errorf("a poll from %v: got %d, want %d", from, w.Code, want)
					}
				}
				both := func(times, want int) { // both poll every 4 s, B 3 s after A
					for range times {
						poll(pollerID{balancerA, "x"}, want)
						time.Sleep(3 * time.Second)
						poll(b, want)
						time.Sleep(time.Second)
					}
				}
				both(5, http.StatusOK)
				a.stopping.Store(true)
				stop := time.Now()
				var balancers sync.WaitGroup
				balancers.Go(func() { both(3, http.StatusServiceUnavailable) })
				a.polls.wait()
				if got, want := time.Since(stop), 11*time.Second+routingDelay; got != want {
					t.Errorf("got %v of waiting, want %v", got, want)
				}
				balancers.Wait()
			})
		})
	}
}

// A balancer takes an instance that fails out of service, and needs no second notice.
func TestAStopDoesNotWaitForABalancerThatSawTheInstanceFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := polled(balancerA, 9, time.Second, 4*time.Second)
		for i := range failuresToLeave {
			n.record(newPollerID(balancerA, ""), false, time.Now().Add(-time.Duration(3-i)*time.Second))
		}
		if number, _ := n.waiting(time.Now()); number != 0 {
			t.Errorf("got %d balancers that do not know, want none", number)
		}
		n.record(newPollerID(balancerA, ""), true, time.Now())
		if number, _ := n.waiting(time.Now()); number != 1 {
			t.Errorf("after an ok: got %d balancers that do not know, want 1", number)
		}
	})
}

// A balancer that reloads polls once more, right after its last poll.
func TestAnEarlyPollDoesNotMakeABalancerLookGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := polled(balancerA, 9, 10*time.Second, time.Millisecond)
		n.record(newPollerID(balancerA, ""), true, time.Now())
		if number, until := n.waiting(time.Now()); number != 1 || time.Until(until) < 15*time.Second {
			t.Errorf("got %d balancers for %v, want one for more than its period", number, time.Until(until))
		}
	})
}

func TestTheNumberOfRecordedPollersIsLimited(t *testing.T) {
	var n readyzPolls
	now := time.Now()
	poll := func(address netip.Addr) {
		now = now.Add(time.Millisecond)
		n.record(newPollerID(address, ""), true, now)
	}
	address := balancerB
	for range maxPollers {
		poll(address)
		address = address.Next()
	}
	for range pollsToBeRegular {
		poll(balancerA)
	}
	for range maxPollers - 1 {
		poll(address)
		address = address.Next()
	}
	if len(n.pollers) != maxPollers {
		t.Errorf("got %d pollers, want %d", len(n.pollers), maxPollers)
	}
	if got, _ := n.waiting(now); got != 1 {
		t.Errorf("got %d regular pollers, want the address that polled last and regularly", got)
	}
	long := newPollerID(balancerA, string(make([]byte, 10_000)))
	if len(long.agent) != maxAgentLength {
		t.Errorf("got %d bytes of a User-Agent, want %d", len(long.agent), maxAgentLength)
	}
	n.record(pollerID{address, "never ready"}, false, now)
	if n.pollers[pollerID{address, "never ready"}] != nil {
		t.Error("a program that never got an ok is recorded")
	}
}
