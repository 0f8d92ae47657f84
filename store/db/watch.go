package db

import (
	"context"
	"strings"
	"time"
)

// How this process learns of the task events of other instances.
//
// On PostgreSQL, instances announce the users whose tasks have changed on a channel. While
// notifications do not arrive, the caller is told twice a second to poll. While they do, it
// is told to poll every few seconds, because a process may die between its commit and its
// announcement.
//
// On SQLite, other processes are noticed by the file's change counter.
const (
	taskChannel = "vestibule_task_events"
	probePrefix = "probe:" // earlier versions prove in this way that they hear this channel; no user id starts like this

	pollInterval     = 500 * time.Millisecond // without notifications
	fallbackInterval = 3 * time.Second        // with notifications, for those that got lost
)

// Watcher is told of task events of any instance. Its methods are called from several
// goroutines and should return quickly.
type Watcher interface {
	// Changed means that the user has new events. seq is the number of the latest one, or 0
	// if it is unknown.
	Changed(userID string, seq int64)
	// Look means that any user may have new events: poll for them.
	Look()
}

// Watch tells w about task events until ctx ends. On SQLite it may not report events that
// this process has written itself.
func (s *DB) Watch(ctx context.Context, w Watcher) {
	if s.listener == nil {
		s.watchFile(ctx, w)
		return
	}
	changes := make(chan bool, 1)
	subscribed := make(chan struct{})
	go func() {
		defer close(subscribed)
		s.listener.subscribe(ctx, &subscriber{
			channel: taskChannel,
			receive: func(payload string) {
				if !strings.HasPrefix(payload, probePrefix) {
					announced(payload, w.Changed)
				}
			},
			listening: func(is bool) {
				select { // keep the latest
				case <-changes:
				default:
				}
				changes <- is
			},
		})
	}()
	poll(ctx, w, changes)
	<-subscribed
}

// poll lets w poll until ctx ends: more often while notifications do not arrive, and once
// when they begin to, for events from before.
func poll(ctx context.Context, w Watcher, listening <-chan bool) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		w.Look()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case is := <-listening:
			tick.Reset(pollInterval)
			if is {
				tick.Reset(fallbackInterval)
			}
		}
	}
}

func (s *DB) watchFile(ctx context.Context, w Watcher) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	var seen int64
	for {
		if changes, err := s.countChanges(ctx); err != nil || changes != seen {
			seen = changes
			w.Look()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *DB) countChanges(ctx context.Context) (int64, error) {
	if err := s.file.checkSometimes(); err != nil {
		return 0, err
	}
	return s.watch.countChanges(ctx)
}
