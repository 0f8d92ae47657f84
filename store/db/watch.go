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

// How other instances' task events become known here.
//
// On PostgreSQL a connection of its own listens to the channel on which instances
// name the users whose tasks have changed. Whether notifications arrive at all is
// tried with one of our own, at the start and again and again: a pooler in
// transaction mode accepts LISTEN and delivers nothing, and a connection that a
// firewall has dropped looks like a quiet one. As long as they do not arrive the
// caller is told, twice a second, to look for itself; and every few seconds when
// they do, because a process may end between its commit and its announcement.
//
// On SQLite other processes are noticed by the version of the file's data.
const (
	taskChannel = "vestibule_task_events"
	probePrefix = "probe:" // no user's id starts so

	lookEvery   = 500 * time.Millisecond // where nobody tells us
	netEvery    = 3 * time.Second        // where others do, as far as they live to do it
	listenRetry = 15 * time.Second       // until listening is tried again
	silentRetry = 5 * time.Minute        // where nothing was delivered: it leaves a LISTEN with a connection of the pooler
	probeEvery  = 10 * time.Second
	probeWait   = 3 * time.Second // for a notification to come back
)

// Watcher is told of task events that may have come from anywhere. Its
// methods are called from one goroutine and should be quick.
type Watcher interface {
	// Changed says that the user has new events, the latest of which has the number
	// seq, or 0 where it is not known.
	Changed(userID string, seq int64)
	// Look says that any user may have: nothing, or not everything, was told.
	Look()
	// Listening says whether Changed is called; cause tells why not.
	Listening(is bool, cause error)
}

// Watch tells w about task events until ctx ends. What this process writes
// itself may not be told on SQLite.
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

// lookFor has w look for itself for a while.
func (s *DB) lookFor(ctx context.Context, while time.Duration, w Watcher) {
	tick := time.NewTicker(lookEvery)
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
	tick := time.NewTicker(lookEvery)
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
var errSilent = errors.New("notifications do not arrive; is there a pooler in between?")

// listen tells w what it hears, until the connection fails or ctx ends.
func (s *DB) listen(ctx context.Context, w Watcher) error {
	heard := make(chan *pq.Notification, 1024)
	conn, err := pq.NewListenerConn(s.listenURL, heard)
	if err != nil {
		return translate(ctx, "listen", err)
	}
	defer func() {
		_ = conn.Close()
		for range heard { // so that its reader, which may be about to send, ends
		}
	}()
	// Close is what ends a wait for an answer that does not come.
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
	look := time.NewTicker(lookEvery) // until something arrives, if it ever does
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
					look.Reset(netEvery)
					w.Listening(true, nil)
					w.Look() // for what happened before
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
