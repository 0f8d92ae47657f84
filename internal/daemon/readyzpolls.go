package daemon

import (
	"sync"
	"time"
)

// A load balancer that polls /readyz sends requests until its next poll tells it that
// this process is stopping. So if /readyz is polled regularly, the listeners stay open
// until a poll got that answer. If it is not, as on a developer's machine, the process
// does not wait.
const (
	pollRecent   = 30 * time.Second // after this time without a poll, the balancer is gone
	maxPollWait  = 10 * time.Second // the longest wait; polls at longer intervals are ignored
	routingDelay = time.Second      // how long a balancer may still send requests after that poll
)

// readyzPolls records the polls of /readyz. The zero value is ready to use.
type readyzPolls struct {
	mu       sync.Mutex
	last     time.Time     // the last poll that was answered with ok
	interval time.Duration // between the last two of these polls; 0 before the second one
	stopSeen chan struct{} // closed after a poll was answered with stopping; nil while nobody waits
}

// recordReady records that a poll was answered with ok.
func (n *readyzPolls) recordReady(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.last.IsZero() {
		n.interval = now.Sub(n.last)
	}
	n.last = now
}

// recordStopping records that a poll was answered with stopping.
func (n *readyzPolls) recordStopping() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stopSeen != nil {
		close(n.stopSeen)
		n.stopSeen = nil
	}
}

// waitForPoller waits until the load balancer should no longer send requests.
func (n *readyzPolls) waitForPoller(now time.Time) {
	n.mu.Lock()
	if n.interval == 0 || n.interval > maxPollWait || now.Sub(n.last) > pollRecent {
		n.mu.Unlock()
		return
	}
	seen, limit := make(chan struct{}), min(2*n.interval+routingDelay, maxPollWait)
	n.stopSeen = seen
	n.mu.Unlock()
	select {
	case <-seen:
		time.Sleep(routingDelay)
	case <-time.After(limit):
	}
}
