package db

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
)

// How this process learns of the task events of other instances.
//
// On PostgreSQL a separate connection listens to a channel on which instances announce the
// users whose tasks have changed. It sends notifications to itself, at the start and then
// regularly, to check that they arrive: a pooler in transaction mode accepts LISTEN and
// delivers nothing, and a connection that a firewall has dropped looks quiet. While they do
// not arrive, the caller is told twice a second to poll. While they do, it is told to poll
// every few seconds, because a process may die between its commit and its announcement.
//
// On SQLite, other processes are noticed by the file's change counter.
const (
	taskChannel = "vestibule_task_events"
	probePrefix = "probe:" // no user id starts like this

	pollInterval     = 500 * time.Millisecond // without notifications
	fallbackInterval = 3 * time.Second        // with notifications, for those that got lost
	listenRetry      = 15 * time.Second       // before the next attempt to listen
	silentRetry      = 5 * time.Minute        // after a silent attempt, because it leaves a LISTEN on a connection of the pooler
	probeEvery       = 10 * time.Second
	probeWait        = 3 * time.Second // for our own notification to arrive
)

// Watcher is told of task events of any instance. Its methods are called from one goroutine
// and should return quickly.
type Watcher interface {
	// Changed means that the user has new events. seq is the number of the latest one, or 0
	// if it is unknown.
	Changed(userID string, seq int64)
	// Look means that any user may have new events: poll for them.
	Look()
	// Listening tells whether notifications arrive, and if not, why.
	Listening(is bool, cause error)
}

// Watch tells w about task events until ctx ends. On SQLite it may not report events that
// this process has written itself.
func (s *DB) Watch(ctx context.Context, w Watcher) {
	if s.watch != nil {
		s.watchFile(ctx, w)
		return
	}
	for ctx.Err() == nil {
		err := s.listen(ctx, w)
		if ctx.Err() != nil {
			return
		}
		w.Listening(false, err)
		pause := listenRetry
		if errors.Is(err, errSilent) {
			pause = silentRetry
		}
		s.lookFor(ctx, pause, w)
	}
}

// lookFor lets w poll for a while.
func (s *DB) lookFor(ctx context.Context, while time.Duration, w Watcher) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for end := time.Now().Add(while); time.Now().Before(end); {
		w.Look()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *DB) watchFile(ctx context.Context, w Watcher) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	var seen int64
	for {
		if version, err := s.Version(ctx); err != nil || version != seen {
			seen = version
			w.Look()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// errSilent means that notifications do not arrive.
var errSilent = errors.New("notifications do not arrive; a pooler in transaction mode delivers none")

// listen passes notifications to w until the connection fails or ctx ends.
func (s *DB) listen(ctx context.Context, w Watcher) error {
	heard := make(chan *pq.Notification, 1024)
	conn, err := pq.NewListenerConn(s.listenURL, heard)
	if err != nil {
		return translate(ctx, "listen", err)
	}
	defer func() {
		_ = conn.Close()
		for range heard { // drain, so that the reader's goroutine can end
		}
	}()
	// Close ends a wait for an answer that does not come.
	stop := time.AfterFunc(s.patience, func() { _ = conn.Close() })
	defer stop.Stop()
	if _, err := conn.Listen(taskChannel); err != nil {
		return translate(ctx, "listen", err)
	}
	stop.Stop()

	probe, err := s.probe(ctx)
	if err != nil {
		return err
	}
	proven := false
	silent := time.NewTimer(probeWait)
	defer silent.Stop()
	next := time.NewTicker(probeEvery)
	defer next.Stop()
	look := time.NewTicker(pollInterval) // until the first notification arrives
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case n, open := <-heard:
			switch {
			case !open:
				return fmt.Errorf("listen: %w: the connection has ended", ErrUnavailable)
			case n.Extra == probe:
				silent.Stop()
				probe = ""
				if !proven {
					proven = true
					look.Reset(fallbackInterval)
					w.Listening(true, nil)
					w.Look() // for events from before
				}
			case !strings.HasPrefix(n.Extra, probePrefix):
				announced(n.Extra, w.Changed)
			}
		case <-look.C:
			w.Look()
		case <-silent.C:
			return errSilent
		case <-next.C:
			if probe, err = s.probe(ctx); err != nil {
				return err
			}
			silent.Reset(probeWait)
		}
	}
}

// probe sends a notification to ourselves and returns its text.
func (s *DB) probe(ctx context.Context) (string, error) {
	text := probePrefix + rand.Text()
	return text, s.announcer.send(ctx, []string{text})
}
