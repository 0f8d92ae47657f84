package daemon

import (
	"net/netip"
	"sync"
	"time"
)

// A load balancer sends requests until its polls of /readyz have failed a few times. So
// while the process stops, its listeners stay open until every address that polls
// regularly got that many failing answers. If nobody polls, as on a developer's machine,
// there is nothing to wait for.
const (
	pollsToBeRegular = 3 // two polls by hand are no load balancer
	failuresToLeave  = 3 // after that many, Kubernetes and HAProxy send no requests, by default
	// A balancer that has not polled for this many of its periods, and pollMargin more,
	// is gone.
	periodsToBeGone = 3
	pollMargin      = 2 * time.Second
	routingDelay    = time.Second       // how long a balancer may still send requests after the last failure
	maxPollWait     = 100 * time.Second // three polls of a balancer that asks every 30 s, and some more
	maxPollers      = 64                // a new one replaces the one that was not heard for the longest time
	maxAgentLength  = 64
)

// pollerID tells pollers apart. Several programs at one address, such as a balancer and a
// monitor, mostly differ in their User-Agent.
type pollerID struct {
	address netip.Addr
	agent   string
}

func newPollerID(address netip.Addr, agent string) pollerID {
	return pollerID{address, agent[:min(len(agent), maxAgentLength)]}
}

// poller is a program that polls /readyz.
type poller struct {
	heard  time.Time
	period time.Duration // an estimate, from the time between polls
	ok     int           // polls that were answered with ok
	failed int           // failing answers since the last ok
}

// goneAt returns when the poller counts as gone, unless it polls before.
func (p *poller) goneAt() time.Time { return p.heard.Add(periodsToBeGone*p.period + pollMargin) }

// readyzPolls records the polls of /readyz. The zero value is ready to use.
type readyzPolls struct {
	mu      sync.Mutex
	pollers map[pollerID]*poller
	failed  chan struct{} // while wait runs, it gets an element after each failing answer
}

// record records a poll and whether it was answered with ok.
func (n *readyzPolls) record(from pollerID, ok bool, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.pollers[from]
	if p == nil {
		n.add(from, ok, now)
		return
	}
	// A poll that came early must not make a slow poller look gone.
	p.period = max(now.Sub(p.heard), p.period/2)
	p.heard = now
	if ok {
		p.ok, p.failed = min(p.ok+1, pollsToBeRegular), 0
		return
	}
	p.failed++
	select {
	case n.failed <- struct{}{}:
	default:
	}
}

// add adds a poller. A program that never got an ok is none: it sends no requests that
// could fail.
func (n *readyzPolls) add(id pollerID, ok bool, now time.Time) {
	if !ok {
		return
	}
	if n.pollers == nil {
		n.pollers = map[pollerID]*poller{}
	}
	if len(n.pollers) >= maxPollers {
		n.deleteOldest()
	}
	n.pollers[id] = &poller{heard: now, ok: 1}
}

func (n *readyzPolls) deleteOldest() {
	var oldest pollerID
	for id, p := range n.pollers {
		if !oldest.address.IsValid() || p.heard.Before(n.pollers[oldest].heard) {
			oldest = id
		}
	}
	delete(n.pollers, oldest)
}

// waiting returns how many regular pollers do not know of the stop yet, and when the first
// of them counts as gone.
func (n *readyzPolls) waiting(now time.Time) (number int, until time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.pollers {
		gone := p.goneAt()
		if p.ok < pollsToBeRegular || p.failed >= failuresToLeave || !gone.After(now) {
			continue
		}
		if number == 0 || gone.Before(until) {
			until = gone
		}
		number++
	}
	return number, until
}

// wait waits until no regular poller should send requests any more, at most maxPollWait.
// Every answer of /readyz must be failing by now.
func (n *readyzPolls) wait() {
	failed := make(chan struct{}, 1)
	n.mu.Lock()
	n.failed = failed
	n.mu.Unlock()
	end := time.Now().Add(maxPollWait)
	waited := false
	for now := time.Now(); now.Before(end); now = time.Now() {
		number, until := n.waiting(now)
		if number == 0 {
			break
		}
		waited = true
		if until.After(end) {
			until = end
		}
		select {
		case <-failed:
		case <-time.After(until.Sub(now)):
		}
	}
	if waited {
		time.Sleep(routingDelay)
	}
}
