package daemon

import (
	"sync"
	"time"
)

// A balancer that asks /readyz learns of a stop with its next question, and
// sends requests here until then. So where somebody asks regularly, the
// listeners stay open until that somebody has been told; where nobody does, as
// on a developer's machine, nothing is waited for.
const (
	pollRecent   = 30 * time.Second // whoever asked longer ago does not ask any more
	maxPollWait  = 10 * time.Second // and more seldom than this is not waited for
	routingDelay = time.Second      // from the answer to the last request that it sends here
)

// notice knows who asks /readyz. The zero value is ready.
type readyzPolls struct {
	mu       sync.Mutex
	last     time.Time     // when /readyz last said ok
	interval time.Duration // between the last two times; 0 while there was one
	told     chan struct{} // closed when it has said stopping; nil unless somebody waits
}

// ready records that /readyz said ok.
func (n *readyzPolls) recordReady(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.last.IsZero() {
		n.interval = now.Sub(n.last)
	}
	n.last = now
}

// stopping records that /readyz said stopping.
func (n *readyzPolls) recordStopping() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.told != nil {
		close(n.told)
		n.told = nil
	}
}

// wait returns when requests should come here no more.
func (n *readyzPolls) waitForPoller(now time.Time) {
	n.mu.Lock()
	if n.interval == 0 || n.interval > maxPollWait || now.Sub(n.last) > pollRecent {
		n.mu.Unlock()
		return
	}
	told, limit := make(chan struct{}), min(2*n.interval+routingDelay, maxPollWait)
	n.told = told
	n.mu.Unlock()
	select {
	case <-told:
		time.Sleep(routingDelay)
	case <-time.After(limit):
	}
}
