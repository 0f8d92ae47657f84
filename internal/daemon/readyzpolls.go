package daemon

import (
	"net/netip"
	"sync"
	"time"
)

// A load balancer that polls /readyz sends requests until its next poll tells it that
// this process is stopping. So if /readyz is polled regularly, the listeners stay open
// until a poll got that answer. If several addresses poll it, each of them must get the
// answer. If none does, as on a developer's machine, the process does not wait.
const (
	pollRecent   = 30 * time.Second // after this time without a poll, the balancer is gone
	maxPollWait  = 10 * time.Second // the longest wait; polls at longer intervals are ignored
	routingDelay = time.Second      // how long a balancer may still send requests after that poll
	maxPollers   = 64               // a new address replaces the one whose last poll is the oldest
)

// readyzPolls records the polls of /readyz. The zero value is ready to use.
type readyzPolls struct {
	mu      sync.Mutex
	pollers map[netip.Addr]*poller
}

// poller is an address that polls /readyz.
type poller struct {
	last     time.Time     // the last poll that was answered with ok
	interval time.Duration // between the last two of these polls; 0 before the second one
	stopSeen chan struct{} // closed after a poll was answered with stopping
	stopped  bool          // stopSeen is closed
}

// recordReady records that a poll from an address was answered with ok.
func (n *readyzPolls) recordReady(from netip.Addr, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.pollers[from]; p != nil {
		p.interval, p.last = now.Sub(p.last), now
		return
	}
	if n.pollers == nil {
		n.pollers = map[netip.Addr]*poller{}
	}
	if len(n.pollers) >= maxPollers {
		n.deleteOldest()
	}
	n.pollers[from] = &poller{last: now, stopSeen: make(chan struct{})}
}

func (n *readyzPolls) deleteOldest() {
	var oldest netip.Addr
	for address, p := range n.pollers {
		if !oldest.IsValid() || p.last.Before(n.pollers[oldest].last) {
			oldest = address
		}
	}
	delete(n.pollers, oldest)
}

// recordStopping records that a poll from an address was answered with stopping.
func (n *readyzPolls) recordStopping(from netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.pollers[from]; p != nil && !p.stopped {
		p.stopped = true
		close(p.stopSeen)
	}
}

// regular returns the addresses that poll regularly at the time now.
func (n *readyzPolls) regular(now time.Time) (found []poller) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.pollers {
		if p.interval > 0 && p.interval <= maxPollWait && now.Sub(p.last) <= pollRecent {
			found = append(found, *p)
		}
	}
	return found
}

// waitForPollers waits until the load balancers should no longer send requests.
func (n *readyzPolls) waitForPollers(now time.Time) {
	seen := false
	for _, p := range n.regular(now) {
		limit := now.Add(min(2*p.interval+routingDelay, maxPollWait))
		select {
		case <-p.stopSeen:
			seen = true
		case <-time.After(time.Until(limit)):
		}
	}
	if seen {
		time.Sleep(routingDelay)
	}
}
