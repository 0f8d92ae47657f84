package db

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
	"github.com/prometheus/client_golang/prometheus"
)

// listener is the one connection on which this process hears the notifications of
// PostgreSQL. It is open while there is a subscriber. It also tells whether they can be
// relied on; see heartbeats.
type listener struct {
	url    string
	direct bool // url was given for this alone, see ListenAt
	beats  *heartbeats

	mu          sync.Mutex
	subscribers map[*subscriber]struct{}
	cause       error              // why nothing is heard; nil while it is, and during the first attempt
	stop        context.CancelFunc // nil while run does not run
	started     time.Time          // of run
	stopped     chan struct{}      // closed when the latest run has returned; nil before the first
	report      func(is bool, cause error)

	epoch int64                   // counts the connections that were heard, and changes of the triggers; used by run only
	heard atomic.Pointer[hearing] // nil: nothing is heard

	latest atomic.Pointer[hearing] // nil: nothing was ever heard

	lag prometheus.Gauge // nil without metrics
}

// hearing is what this process knows.
type hearing struct {
	epoch int64
	until time.Time // everything that was committed before has arrived
	state string    // of the triggers at that time
}

const (
	firstRetry  = 100 * time.Millisecond // after a connection that was heard
	listenRetry = 15 * time.Second       // the longest wait before the next attempt to listen
	firstSilent = 5 * time.Second        // after a connection that was never heard
	silentRetry = 5 * time.Minute        // the longest wait after such connections
	heardBuffer = 1024                   // notifications that wait here; more wait at the server
)

// errNotHeard means that this process may have missed changes by other processes.
var errNotHeard = errors.New("this process hears no notifications")

// OnListening lets f be called when notifications of other processes begin or cease to
// arrive, with the reason. On SQLite it is never called. Call it before Watch and
// WatchSessions. f returns at once.
func (s *DB) OnListening(f func(is bool, cause error)) {
	if s.listener == nil {
		return
	}
	s.listener.mu.Lock()
	defer s.listener.mu.Unlock()
	s.listener.report = f
}

// ListenAt lets this process hear notifications on a connection to another URL than that of
// Open: a direct one where the URL of Open is a pooler in transaction mode. Call it before
// Watch and WatchSessions. It returns an error on SQLite, and for a URL that CheckURL
// refuses.
func (s *DB) ListenAt(databaseURL string) error {
	if s.listener == nil {
		return errors.New("SQLite has no notifications to listen to")
	}
	u, err := parsePostgresURL(databaseURL)
	if err != nil {
		return err
	}
	config, err := u.config(s.patience)
	if err != nil {
		return err
	}
	s.listener.url, s.listener.direct = u.forListener(config), true
	return nil
}

// version returns a number that changes when notifications may have been missed. What was
// read from the database since the number is the same is current, unless a notification has
// told otherwise. checked is the state in which the triggers were found to be in order.
func (l *listener) version(checked string) (int64, error) {
	h := l.heard.Load()
	switch {
	case h == nil || time.Since(h.until) >= believeFor:
		return 0, errNotHeard
	case h.state != checked:
		return 0, errTriggersUnchecked
	}
	return h.epoch, nil
}

// start begins to listen. The caller holds mu.
func (l *listener) start() {
	ctx, stop := context.WithCancel(context.Background())
	previous, stopped := l.stopped, make(chan struct{})
	l.stop, l.started, l.stopped, l.cause = stop, time.Now(), stopped, nil
	go func() {
		defer close(stopped)
		if previous != nil {
			<-previous
		}
		l.run(ctx)
	}()
}

// run listens until ctx ends.
func (l *listener) run(ctx context.Context) {
	for next := newPauses(); ; {
		proven, err := l.listen(ctx)
		l.heard.Store(nil)
		if ctx.Err() != nil {
			return
		}
		l.tell(false, err)
		if proven {
			next = newPauses()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(l.pause(&next, proven, err)):
		}
	}
}

// pauses are the waits before the next attempt to listen, about.
type pauses struct{ lost, silent time.Duration }

func newPauses() pauses { return pauses{firstRetry, firstSilent} }

// pause returns how long to wait after an attempt. It is a random time, so that not all
// instances return at the same moment after an outage.
//
// DATABASE_URL may be a pooler in transaction mode, and then no attempt will ever succeed. One
// costs a connection for three seconds and a statement, and leaves a LISTEN on a connection of
// the pooler. A first connection that the network has made silent looks the same. So the
// attempts soon become rare, but the first ones are not. At the URL of ListenAt is no pooler, or
// somebody has to correct the URL: /healthz fails meanwhile.
func (l *listener) pause(next *pauses, proven bool, err error) time.Duration {
	wait, most := &next.lost, listenRetry
	if errors.Is(err, errSilent) && !proven && !l.direct {
		wait, most = &next.silent, silentRetry
	}
	pause := *wait/2 + mathrand.N(*wait) // #nosec G404 -- no secret: it separates instances
	*wait = min(2**wait, most)
	return pause
}

// listen hears notifications until the connection fails or ctx ends. proven is whether a
// heartbeat has arrived.
func (l *listener) listen(ctx context.Context) (proven bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	received := make(chan *pq.Notification, heardBuffer)
	conn, err := l.connect(ctx, received)
	if err != nil {
		cancel()
		return false, err
	}
	var beating sync.WaitGroup
	beating.Go(func() { l.beats.send(ctx) })
	defer func() {
		cancel()
		beating.Wait()
		_ = conn.Close()
		for range received { // drain, so that the reader's goroutine can end
		}
	}()
	silent := time.NewTimer(silentAfter)
	defer silent.Stop()
	var complete time.Time // when it listened to all channels
	for {
		select {
		case <-ctx.Done():
			return proven, ctx.Err()
		case <-silent.C:
			return proven, l.beats.whySilent()
		case n, open := <-received:
			if !open {
				return proven, fmt.Errorf("listen: %w: the connection has ended", ErrUnavailable)
			}
			sent, state, isBeat := l.beats.arrived(n)
			if !isBeat {
				l.pass(n)
				continue
			}
			silent.Reset(silentAfter)
			if l.lag != nil {
				l.lag.Set(time.Since(sent).Seconds())
			}
			if complete.IsZero() {
				if err := listenTo(ctx, conn, sessionChannel, taskChannel); err != nil {
					return false, err
				}
				complete = time.Now()
			}
			if sent.Before(complete) {
				continue
			}
			if before := l.heard.Load(); before == nil || before.state != state {
				l.epoch++
			}
			is := &hearing{epoch: l.epoch, until: sent, state: state}
			l.heard.Store(is)
			l.latest.Store(is)
			if !proven {
				proven = true
				l.tell(true, nil)
			}
		}
	}
}

// connect opens a connection that listens to the heartbeats only. A pooler does not deliver
// them, and then the server's connection behind it must not receive everything else for the
// pooler's other clients.
func (l *listener) connect(ctx context.Context, received chan *pq.Notification) (*pq.ListenerConn, error) {
	conn, err := pq.NewListenerConn(l.url, received)
	if err != nil {
		return nil, translate(ctx, "listen", err)
	}
	if err := listenTo(ctx, conn, l.beats.channel); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// listenTo lets the connection listen to channels. It closes a connection that does not
// answer.
func listenTo(ctx context.Context, conn *pq.ListenerConn, channels ...string) error {
	stop := time.AfterFunc(silentAfter, func() { _ = conn.Close() })
	defer stop.Stop()
	for _, channel := range channels {
		if _, err := conn.Listen(channel); err != nil {
			return translate(ctx, "listen", err)
		}
	}
	return nil
}

func newListener(url string, notify func(ctx context.Context, channel, text string) error) *listener {
	return &listener{
		url: url,
		beats: &heartbeats{
			channel: "vestibule_beat_" + strings.ToLower(rand.Text()),
			notify:  notify,
			begun:   time.Now(),
		},
		subscribers: map[*subscriber]struct{}{},
	}
}
