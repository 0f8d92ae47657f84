package daemon

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

var (
	balancerA = netip.MustParseAddr("127.0.0.1")
	balancerB = netip.MustParseAddr("127.0.0.2")
)

func TestAStopWaitsForRegularReadyzPolls(t *testing.T) {
	for _, tt := range []struct {
		name   string
		polls  []time.Duration // polls before the stop: how long before it
		seen   time.Duration   // the first poll after the stop: how long after it; 0 for none
		waited time.Duration
	}{
		{"no polls", nil, 0, 0},
		{"one poll", []time.Duration{time.Second}, 0, 0},
		{"a balancer polls every second", []time.Duration{2 * time.Second, time.Second}, time.Second, time.Second + routingDelay},
		{"a balancer stops polling", []time.Duration{2 * time.Second, time.Second}, 0, 2*time.Second + routingDelay},
		{"polls long ago", []time.Duration{time.Minute + time.Second, time.Minute}, 0, 0},
		{"polls at long intervals", []time.Duration{25 * time.Second, 5 * time.Second}, 0, 0},
		{"the wait has a limit", []time.Duration{14 * time.Second, 5 * time.Second}, 0, maxPollWait},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n readyzPolls
				stop := time.Now()
				for _, before := range tt.polls {
					n.recordReady(balancerA, stop.Add(-before))
				}
				if tt.seen > 0 {
					go func() {
						time.Sleep(tt.seen)
						n.recordStopping(balancerA)
						n.recordStopping(balancerA)
					}()
				}
				n.waitForPollers(stop)
				if got := time.Since(stop); got != tt.waited {
					t.Errorf("got %v of waiting, want %v", got, tt.waited)
				}
			})
		})
	}
}

// If the first balancer that sees the stop ended the wait, the second one would send
// requests to a closed listener.
func TestAStopWaitsForEachBalancer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &admin{log: discard}
		h := a.handler()
		poll := func(from netip.Addr, want int) {
			r := httptest.NewRequest(http.MethodGet, "/readyz", nil)
			r.RemoteAddr = netip.AddrPortFrom(from, 50000).String()
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != want {
				t.Errorf("a poll from %s: got %d, want %d", from, w.Code, want)
			}
		}
		for range 2 { // both poll every 4 s, B 3 s after A
			poll(balancerA, http.StatusOK)
			time.Sleep(3 * time.Second)
			poll(balancerB, http.StatusOK)
			time.Sleep(time.Second)
		}
		a.stopping.Store(true)
		stop := time.Now()
		go func() {
			poll(balancerA, http.StatusServiceUnavailable)
			time.Sleep(3 * time.Second)
			poll(balancerB, http.StatusServiceUnavailable)
		}()
		a.polls.waitForPollers(stop)
		if got, want := time.Since(stop), 3*time.Second+routingDelay; got != want {
			t.Errorf("got %v of waiting, want %v", got, want)
		}
	})
}

func TestASecondBalancerThatIsGoneDelaysTheStopNoLongerThanItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n readyzPolls
		stop := time.Now()
		for _, from := range []netip.Addr{balancerA, balancerB} {
			n.recordReady(from, stop.Add(-10*time.Second))
			n.recordReady(from, stop.Add(-time.Second))
		}
		n.recordStopping(balancerA)
		n.waitForPollers(stop)
		if got, most := time.Since(stop), maxPollWait+routingDelay; got > most {
			t.Errorf("got %v of waiting, want at most %v", got, most)
		}
	})
}

func TestTheNumberOfRecordedPollersIsLimited(t *testing.T) {
	var n readyzPolls
	now := time.Now()
	address := balancerA
	for range maxPollers {
		now, address = now.Add(time.Millisecond), address.Next()
		n.recordReady(address, now)
	}
	n.recordReady(balancerA, now.Add(time.Second))
	n.recordReady(balancerA, now.Add(2*time.Second))
	for range 10 * maxPollers {
		now, address = now.Add(time.Millisecond), address.Next()
		n.recordReady(address, now)
	}
	if len(n.pollers) != maxPollers {
		t.Errorf("got %d pollers, want %d", len(n.pollers), maxPollers)
	}
	if got := n.regular(now); len(got) != 1 || got[0].interval != time.Second {
		t.Errorf("got %v, want the address that polled last and regularly", got)
	}
}
