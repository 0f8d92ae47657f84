package api

import (
	"sort"
	"sync"
	"time"
)

// What a hub keeps to:
//
//   - The changes of a user are read and encoded once for all of the user's streams on
//     this instance, which write from the same bytes.
//   - What was read is kept until all streams have taken it, but for a second at most.
//     A stream that has not by then is behind: it reads for itself what it lacks, when
//     few others do (catchup.go).
//   - So a hub without news holds nothing, and a slow reader no more than what it is
//     being sent.
const (
	hubBytes = 128 << 10   // encoded; when it is there, reading waits for the streams
	hubKeeps = time.Second // for slow streams
)

// hub has the changes of one user for the user's streams.
type hub struct {
	feed *feed
	user string

	mu      sync.Mutex
	streams map[*listener]struct{}
	busy    int   // streams that are still to take something that is kept
	started bool  // latest is known
	latest  int64 // the number of the latest event that was read
	news    bool  // there may be more
	wanted  int64 // the number of the latest event that is known to be there
	reading bool  // one goroutine does
	err     error // what reading has failed with; it ends the streams

	kept  []change
	size  int           // of kept, in bytes
	taken chan struct{} // closed when kept is let go; nil while nothing is kept
	timer *time.Timer   // lets it go
}

// change is an event as it is sent to streams that have seen the one before it.
type change struct {
	before, seq int64
	data        []byte
}

// listener is one stream of events at its hub.
type listener struct {
	hub   *hub
	wake  chan struct{} // has room for one: what is missed meanwhile is one look
	state listening     // guarded by hub.mu
}

// listening says what a stream is to do next.
type listening int

const (
	isBehind listening = iota // read for itself
	isBusy                    // take something that is kept
	hasAll                    // wait
)

// start says what the latest event was when the hub was heard already.
func (h *hub) start(latest int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.started {
		h.started, h.latest = true, latest
	}
	h.wanted = max(h.wanted, latest)
	h.readNews()
}

// changed says that there may be something to read: up to seq, unless that is 0.
func (h *hub) changed(seq int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.news = h.news || seq == 0
	h.wanted = max(h.wanted, seq)
	h.readNews()
}

func (h *hub) hasNews() bool { return h.news || h.wanted > h.latest }

// readNews makes sure that what is new is read. Of several requests for it one is
// enough. The caller has the lock.
func (h *hub) readNews() {
	if h.started && h.hasNews() && !h.reading {
		h.reading = true
		go h.read()
	}
}

func (h *hub) read() {
	for {
		h.mu.Lock()
		if !h.hasNews() || h.err != nil || len(h.streams) == 0 {
			h.reading = false
			h.mu.Unlock()
			return
		}
		var full chan struct{}
		if h.size >= hubBytes {
			full = h.taken
		}
		h.news = h.news && full != nil
		after, wanted := h.latest, h.wanted
		h.mu.Unlock()
		if full != nil {
			<-full
			continue
		}
		changes, more, err := h.feed.changesAfter(h.user, after, wanted)
		if err != nil {
			h.feed.forget(h)
		}
		h.keep(changes, more, err)
	}
}

// keep wakes the streams for these changes.
func (h *hub) keep(changes []change, more bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err // streams to come begin with another hub
	h.news = h.news || more
	for _, c := range changes {
		h.kept = append(h.kept, c)
		h.size += len(c.data)
		h.latest = c.seq
	}
	if len(changes) == 0 && err == nil {
		return
	}
	if h.taken == nil && len(changes) > 0 {
		taken := make(chan struct{})
		h.taken, h.timer = taken, time.AfterFunc(hubKeeps, func() { h.expire(taken) })
	}
	for l := range h.streams {
		if l.state == hasAll {
			h.set(l, isBusy)
		}
		l.rouse()
	}
	h.settle()
}

// next returns what the listener, which has seen so much, is to send next, or nil. It
// is behind when that must be read.
func (h *hub) next(l *listener, seen int64) (c *change, behind bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.settle()
	if h.err != nil || seen >= h.latest {
		h.set(l, hasAll)
		return nil, false, h.err
	}
	i := sort.Search(len(h.kept), func(i int) bool { return h.kept[i].seq > seen })
	if i == len(h.kept) || h.kept[i].before > seen {
		h.set(l, isBehind)
		return nil, true, nil
	}
	h.set(l, isBusy)
	return &h.kept[i], false, nil
}

func (h *hub) set(l *listener, state listening) {
	if l.state == isBusy {
		h.busy--
	}
	if l.state = state; state == isBusy {
		h.busy++
	}
}

// settle lets go of what is kept when no stream is still to take it.
func (h *hub) settle() {
	if h.busy == 0 && h.taken != nil {
		h.timer.Stop()
		close(h.taken)
		h.kept, h.size, h.taken = nil, 0, nil
	}
}

// expire does so when it has been kept long enough.
func (h *hub) expire(taken chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if taken != h.taken {
		return
	}
	for l := range h.streams {
		if l.state == isBusy {
			h.set(l, isBehind)
		}
	}
	h.settle()
}

func (l *listener) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
