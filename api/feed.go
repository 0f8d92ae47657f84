package api

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"vestibule/store"
)

// feed wakes the listeners of a user when the user's tasks have changed: at once
// where this instance has made the change, and as soon as the store hears of it
// where another has. A listener that is woken looks into the database itself, so
// waking one too often costs a query and nothing else.
type feed struct {
	tasks Tasks
	log   *slog.Logger

	mu        sync.Mutex
	listeners map[string]map[*listener]struct{} // by user
	ended     chan struct{}                     // closed when there are to be no more streams
	isEnded   bool
	blind     bool // Changed is not called; for the log
	look      chan struct{}
}

// listener is one stream of events.
type listener struct {
	wake chan struct{} // has room for one: what is missed meanwhile is one look
	seen atomic.Int64  // the number of the latest event that was sent
}

func newFeed(tasks Tasks, log *slog.Logger) *feed {
	return &feed{
		tasks: tasks, log: log,
		listeners: map[string]map[*listener]struct{}{},
		ended:     make(chan struct{}),
		look:      make(chan struct{}, 1),
	}
}

// listen adds a listener of the user's events, until leave is called.
func (f *feed) listen(user string) (l *listener, leave func()) {
	l = &listener{wake: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listeners[user] == nil {
		f.listeners[user] = map[*listener]struct{}{}
	}
	f.listeners[user][l] = struct{}{}
	return l, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.listeners[user], l)
		if len(f.listeners[user]) == 0 {
			delete(f.listeners, user)
		}
	}
}

// changed wakes the user's listeners.
func (f *feed) changed(user string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners[user] {
		l.rouse()
	}
}

func (l *listener) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// end ends all streams.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.isEnded {
		f.isEnded = true
		close(f.ended)
	}
}

// run hears of other instances' changes until ctx ends.
func (f *feed) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { f.tasks.WatchTasks(ctx, f) })
	wg.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-f.look:
				f.wakeBehind(ctx)
			}
		}
	})
	wg.Wait()
}

// Changed implements store.TaskWatcher.
func (f *feed) Changed(userID string) { f.changed(userID) }

// Look implements store.TaskWatcher. It leaves the looking to another goroutine:
// of several requests for it one is enough.
func (f *feed) Look() {
	select {
	case f.look <- struct{}{}:
	default:
	}
}

// Listening implements store.TaskWatcher.
func (f *feed) Listening(is bool, cause error) {
	f.mu.Lock()
	changed := f.blind == is
	f.blind = !is
	f.mu.Unlock()
	switch {
	case !changed:
	case is:
		f.log.Info("other instances' changes are told again")
	default:
		f.log.Warn("PostgreSQL does not tell of other instances' changes: they are looked for twice a second; if there is a pooler in between, give DATABASE_URL a direct connection",
			"setting", "DATABASE_URL", "error", cause)
	}
}

// wakeBehind wakes the listeners that have not sent the latest event.
func (f *feed) wakeBehind(ctx context.Context) {
	f.mu.Lock()
	users := make([]string, 0, len(f.listeners))
	for user := range f.listeners {
		users = append(users, user)
	}
	f.mu.Unlock()
	if len(users) == 0 {
		return
	}
	latest, err := f.tasks.TaskFeeds(ctx, users)
	if err != nil {
		return // an outage, which requests report; the next look makes up for it
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for user, seq := range latest {
		for l := range f.listeners[user] {
			if l.seen.Load() < seq {
				l.rouse()
			}
		}
	}
}

var _ store.TaskWatcher = (*feed)(nil)
