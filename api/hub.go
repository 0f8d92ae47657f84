package api

import (
	"sort"
	"sync"
	"time"

	"vestibule/store/tasks"
)

// The rules of a hub:
//
//   - The changes of a user are read and encoded once for all of the user's streams on this
//     instance. The streams write the same bytes.
//   - The hub keeps changes until all streams have written them, for at most a second. A
//     slower stream is behind: it reads what it lacks by itself, and only a few do so at a
//     time (catchup.go).
//   - So a hub without new changes holds nothing, and a slow reader holds only the bytes
//     that are being sent to it.
//   - The number of the latest event can go back, if the database loses commits (lost.go).
const (
	hubBytes = 128 << 10   // of encoded changes; when full, reading waits for the streams
	hubKeeps = time.Second // for slow streams
)

// hub distributes the changes of one user to the user's streams.
type hub struct {
	feed *feed
	user string

	mu      sync.Mutex
	streams map[*listener]struct{}
	busy    int         // streams that have not yet written all kept changes
	started bool        // latest is known
	latest  tasks.Place // after the latest event that was read
	losses  int         // how often latest was lost and replaced
	news    bool        // there may be changes to read
	wanted  int64       // the number of the latest event that is said to exist
	reading bool        // one goroutine is reading
	err     error       // the error of reading; it ends the streams

	kept  []change
	size  int           // size of kept, in bytes
	taken chan struct{} // closed when kept is dropped; nil while nothing is kept
	timer *time.Timer   // drops kept
}

// change is an encoded event, for streams that have seen the event before it.
type change struct {
	before, seq int64
	at          time.Time // of the event
	data        []byte
}

// listener is one stream of events at its hub.
type listener struct {
	hub   *hub
	wake  chan struct{} // buffers one signal: one look covers all missed changes
	state listening     // guarded by hub.mu
	known view          // at its begin
	lost  bool          // it must be told that events are lost; guarded by hub.mu
}

// listening is what a stream has to do next.
type listening int

const (
	isBehind listening = iota // read by itself
	isBusy                    // write a kept change
	hasAll                    // wait
)

// start sets the latest event, as it was read after the listener began to listen.
func (l *listener) start(latest tasks.Place) {
	h := l.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.started {
		h.started, h.latest = true, latest
	}
	before := h.losses
	h.compare(l.known, latest)
	if h.losses != before {
		l.lost = false // it begins where the others go on
	}
	h.readNews()
}

// changed reports that there may be something to read: up to seq, unless seq is 0.
func (h *hub) changed(seq int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.news = h.news || seq == 0
	h.wanted = max(h.wanted, seq)
	h.readNews()
}

func (h *hub) hasNews() bool { return h.news || h.wanted > h.latest.Seq }

// readNews starts to read new changes, unless a goroutine already does. The caller holds
// the lock.
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
		from, wanted := h.view(), h.wanted
		h.mu.Unlock()
		if full != nil {
			<-full
			continue
		}
		found, err := h.feed.changesAfter(h.user, from.latest, wanted)
		if err != nil {
			h.feed.forget(h)
		}
		h.keep(from, wanted, found, err)
	}
}

// keep stores the changes that were found after a view, and wakes the streams.
func (h *hub) keep(from view, wanted int64, found found, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err // later streams begin with another hub
	if h.losses != from.losses && err == nil {
		h.news = true
		return
	}
	changes := found.changes
	h.news = h.news || found.more
	for _, c := range changes {
		h.kept = append(h.kept, c)
		h.size += len(c.data)
		h.latest = tasks.Place{Seq: c.seq, At: c.at}
	}
	if found.now != nil && h.correct(wanted, *found.now, found.lost) {
		return
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

// next returns the change that the listener must send next after the event seen, or nil. It
// is behind when it must read the change itself.
func (h *hub) next(l *listener, seen int64) (c *change, behind bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.settle()
	if l.lost && h.err == nil {
		l.lost = false
		h.set(l, hasAll)
		return h.reset(), false, nil
	}
	if h.err != nil || seen >= h.latest.Seq {
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

// settle drops the kept changes when all streams have written them.
func (h *hub) settle() {
	if h.busy == 0 && h.taken != nil {
		h.timer.Stop()
		close(h.taken)
		h.kept, h.size, h.taken = nil, 0, nil
	}
}

// expire drops them when they have been kept long enough.
func (h *hub) expire(taken chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if taken == h.taken {
		h.drop()
	}
}

// drop drops the kept changes. The streams that have not yet written them are behind.
func (h *hub) drop() {
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
