package db

import (
	"context"
	"database/sql/driver"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lib/pq"
)

// How other instances learn of task events on PostgreSQL.
//
//   - The transaction that adds an event does not announce it. NOTIFY takes a lock of the
//     whole server and holds it until the commit is on disk, so all writes of all users
//     would be committed one after the other.
//   - After the commits, the users with new events are collected for a few milliseconds
//     and announced in one statement on a separate connection. Requests do not wait for it.
//   - An announcement can fail, and a process can die before it. Watchers poll every few
//     seconds as well, so such an event arrives late but is not lost.
const (
	announceEvery = 5 * time.Millisecond
	announceMost  = 10_000      // users collected at a time; watchers find the others by polling
	announceBytes = 7_900       // of a payload; PostgreSQL's limit is 7 999
	announceLast  = time.Second // to announce what is left when the database is closed
)

// announcer collects the users with new events and announces them.
type announcer struct {
	send func(ctx context.Context, payloads []string) error // in one statement

	mu     sync.Mutex
	latest map[string]int64 // by user: the number of the latest event
	idle   chan struct{}    // closed when everything is announced; nil when nothing had to be
	closed bool
}

// openAnnouncer opens the connections for announcements.
func (s *DB) openAnnouncer(to driver.Connector, connections int) {
	s.announcements = postgresPool(to, connections)
	s.announcer = &announcer{send: func(ctx context.Context, payloads []string) error {
		return s.notify(ctx, taskChannel, payloads...)
	}}
}

// notify sends notifications in one statement.
func (s *DB) notify(ctx context.Context, channel string, payloads ...string) error {
	return s.Call(ctx, "announce", func(ctx context.Context) error {
		_, err := s.announcements.ExecContext(ctx, `SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload`, channel, pq.Array(payloads))
		return err
	})
}

// add lets it be announced soon that the user's latest event is seq.
func (a *announcer) add(userID string, seq int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	last, known := a.latest[userID]
	if a.closed || !known && len(a.latest) >= announceMost {
		return
	}
	if a.latest == nil {
		a.latest = map[string]int64{}
	}
	a.latest[userID] = max(seq, last)
	if a.idle == nil {
		a.idle = make(chan struct{})
		time.AfterFunc(announceEvery, a.run)
	}
}

// run announces until nothing is left. What is added during a statement waits for the next
// one.
func (a *announcer) run() {
	for {
		a.mu.Lock()
		latest := a.latest
		if len(latest) == 0 {
			close(a.idle)
			a.idle = nil
			a.mu.Unlock()
			return
		}
		a.latest = nil
		a.mu.Unlock()
		_ = a.send(context.Background(), payloads(latest)) // on failure, watchers find the events by polling
		time.Sleep(announceEvery)
	}
}

// end announces what is left, for at most announceLast.
func (a *announcer) end() {
	a.mu.Lock()
	a.closed = true
	idle := a.idle
	a.mu.Unlock()
	if idle != nil {
		select {
		case <-idle:
		case <-time.After(announceLast):
		}
	}
}

// payloads writes a line “number user” for each user, with as many lines as fit into each
// payload. No id contains a line break: the API refuses ids with control characters.
func payloads(latest map[string]int64) (list []string) {
	var b strings.Builder
	for userID, seq := range latest {
		line := strconv.FormatInt(seq, 10) + " " + userID
		if b.Len() > 0 && b.Len()+1+len(line) > announceBytes {
			list = append(list, b.String())
			b.Reset()
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
	}
	return append(list, b.String())
}

// announced reads a payload. An earlier version, which may run on the same database, sends
// the user without a number; then the number is 0.
func announced(payload string, tell func(userID string, seq int64)) {
	for line := range strings.SplitSeq(payload, "\n") {
		number, userID, ok := strings.Cut(line, " ")
		seq, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil || seq < 1 {
			userID, seq = line, 0
		}
		tell(userID, seq)
	}
}

// transaction remembers whose events to announce after its commit.
type transaction struct {
	Handle
	often  Handle // see Querier.Often; nil: none
	latest map[string]int64
}

// Announce lets the event be announced after the commit.
func (q Querier) Announce(userID string, seq int64) {
	t := q.Handle.(*transaction) // events are written in Tx only
	if t.latest == nil {
		t.latest = map[string]int64{}
	}
	t.latest[userID] = seq
}

// announce tells other instances. It is also called after a failed commit, which may have
// taken effect.
func (s *DB) announce(t *transaction) {
	if s.announcer == nil {
		return
	}
	for userID, seq := range t.latest {
		s.announcer.add(userID, seq)
	}
}
