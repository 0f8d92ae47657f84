package db

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lib/pq"
)

// heartbeats are the notifications that this process sends to itself twice a second, on
// another connection than the one that listens.
//
// PostgreSQL delivers notifications in the order of the commits. So when a heartbeat
// arrives, everything that was committed before it was sent has arrived too. Without
// heartbeats a quiet connection proves nothing: a pooler in transaction mode accepts LISTEN
// and delivers nothing, and a connection that a firewall has dropped looks quiet.
//
// A heartbeat also carries the state of the triggers when it was sent, see stateSQL: without
// them nothing arrives either.
type heartbeats struct {
	channel string                                                // of this process alone
	notify  func(ctx context.Context, channel, text string) error // adds a space and the state of the triggers
	begun   time.Time                                             // the text of a heartbeat is when it was sent, in nanoseconds after this

	mu      sync.Mutex
	refused error // why the latest could not be sent
}

const (
	beatEvery   = 500 * time.Millisecond
	believeFor  = 1500 * time.Millisecond // after a heartbeat was sent; with one look at streams, 2 s
	silentAfter = 3 * time.Second         // without a heartbeat, the connection is given up
)

// errSilent means that notifications do not arrive.
var errSilent = errors.New("notifications do not arrive; a pooler in transaction mode delivers none")

// send sends heartbeats until ctx ends.
func (b *heartbeats) send(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		one, cancel := context.WithTimeout(ctx, believeFor)
		err := b.notify(one, b.channel, strconv.FormatInt(int64(time.Since(b.begun)), 10))
		cancel()
		b.mu.Lock()
		b.refused = err
		b.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// arrived returns when a heartbeat was sent and with which state of the triggers, or false for
// any other notification.
func (b *heartbeats) arrived(n *pq.Notification) (sent time.Time, state string, is bool) {
	if n.Channel != b.channel {
		return time.Time{}, "", false
	}
	text, state, _ := strings.Cut(n.Extra, " ")
	after, err := strconv.ParseInt(text, 10, 64)
	return b.begun.Add(time.Duration(after)), state, err == nil
}

// whySilent returns why no heartbeat has arrived.
func (b *heartbeats) whySilent() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return cmp.Or(b.refused, errSilent)
}
