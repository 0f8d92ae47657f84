package api

import (
	"cmp"
	"context"
	"sync"

	"vestibule/internal/fair"
	"vestibule/internal/openstreams"
	"vestibule/store/db"
)

// feed has the hubs of all users with open streams on this instance. It tells them about
// changes of the user's tasks: at once for changes of this instance, and through the store
// for changes of other instances.
type feed struct {
	tasks Tasks

	places  *openstreams.Room // of streams, by reader and user
	batches *fair.Room        // of batches that slow streams hold, by user
	reads   chan struct{}     // bounds the reads of events

	mu        sync.Mutex
	listeners map[string]*hub // by user
	ended     context.Context // of all streams: done when streams are to end
	endAll    context.CancelFunc
	look      chan struct{}
}

// Bounds of all streams together: on the database, which must stay free for requests, and
// on memory.
const (
	batchesAtOnce  = 256 // each of readSize bytes of text
	batchesPerUser = 2   // few, because a slow reader holds them and new users are free to create

	// A person has a few visible tabs, with one stream each.
	defaultStreams        = 10_000
	defaultStreamsPerUser = 32
)

// readsAtOnce is half of the connections that read.
func readsAtOnce(s db.Shares) int { return max(1, s.Read/2) }

func newFeed(tasks Tasks, cfg Config) *feed {
	all := cmp.Or(cfg.MaxStreams, defaultStreams)
	f := &feed{
		tasks:     tasks,
		places:    openstreams.New(all, cmp.Or(cfg.MaxStreamsPerUser, defaultStreamsPerUser)),
		batches:   fair.New(fair.Limits{Places: batchesAtOnce, PerKey: batchesPerUser, Queue: all}),
		reads:     make(chan struct{}, readsAtOnce(tasks.Shares())),
		listeners: map[string]*hub{},
		look:      make(chan struct{}, 1),
	}
	f.ended, f.endAll = context.WithCancel(context.Background())
	return f
}

// listen adds a listener of the user's changes, until leave is called.
func (f *feed) listen(user string) (l *listener, leave func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.listeners[user]
	if h == nil {
		h = &hub{feed: f, user: user, streams: map[*listener]struct{}{}}
		f.listeners[user] = h
	}
	l = &listener{hub: h, wake: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	l.known = h.view()
	h.streams[l] = struct{}{}
	return l, func() { f.leave(l) }
}

func (f *feed) leave(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := l.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(l, hasAll)
	delete(h.streams, l)
	h.settle()
	if len(h.streams) == 0 && f.listeners[h.user] == h {
		delete(f.listeners, h.user)
	}
}

// forget removes the hub, so that later streams begin with another.
func (f *feed) forget(h *hub) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listeners[h.user] == h {
		delete(f.listeners, h.user)
	}
}

// changed tells the user's streams about a change.
func (f *feed) changed(user string) { f.Changed(user, 0) }

// end ends all streams.
func (f *feed) end() { f.endAll() }

// run receives the changes of other instances until ctx ends.
func (f *feed) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { f.tasks.Watch(ctx, f) })
	wg.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-f.look:
				f.lookForNews(ctx)
			}
		}
	})
	wg.Wait()
}

// Changed implements db.Watcher.
func (f *feed) Changed(userID string, seq int64) {
	f.mu.Lock()
	h := f.listeners[userID]
	f.mu.Unlock()
	if h != nil {
		h.changed(seq)
	}
}

// Look implements db.Watcher. Another goroutine does the work. One look is enough for
// several requests.
func (f *feed) Look() {
	select {
	case f.look <- struct{}{}:
	default:
	}
}

// lookForNews reads the number of the latest event of every user with a stream here.
func (f *feed) lookForNews(ctx context.Context) {
	f.mu.Lock()
	users := make([]string, 0, len(f.listeners))
	hubs := make([]*hub, 0, len(f.listeners))
	for user, h := range f.listeners {
		users, hubs = append(users, user), append(hubs, h)
	}
	f.mu.Unlock()
	if len(users) == 0 {
		return
	}
	from := make([]view, len(hubs)) // before the read
	for i, h := range hubs {
		from[i] = h.current()
	}
	latest, err := f.tasks.TaskFeeds(ctx, users)
	if err != nil {
		return // an outage, which requests report; the next look repeats this
	}
	for i, h := range hubs {
		h.ends(from[i], latest[h.user]) // without an event, at the beginning
	}
}

var _ db.Watcher = (*feed)(nil)
