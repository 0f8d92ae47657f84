package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lib/pq"
)

// How other instances hear of task events on PostgreSQL.
//
//   - Not in the transaction that makes them: NOTIFY takes a lock that there is one
//     of for the whole server, and keeps it until the commit is on disk. All users'
//     writes would be committed one after the other.
//   - Whose events are new is gathered for a few milliseconds after the commit, and
//     then told in one statement, on a connection of its own: neither waits for the
//     requests, nor do they for it.
//   - To announce may fail, and a process may end before it does. Watchers look for
//     themselves every few seconds, so that this costs time and no event.
const (
	announceEvery = 5 * time.Millisecond
	announceMost  = 10_000      // users that are gathered at a time; watchers find the others
	announceBytes = 7_900       // of a payload; PostgreSQL takes 7 999
	announceLast  = time.Second // for what is gathered when the store is closed
)

// announcer gathers and tells.
type announcer struct {
	send func(ctx context.Context, payloads []string) error // in one statement

	mu     sync.Mutex
	latest map[string]int64 // by user: the number of the latest event
	idle   chan struct{}    // closed when all is told; nil when nothing was to be told
	closed bool
}

// openAnnouncer opens the connection on which the store announces.
func (s *DB) openAnnouncer(driver driver.Connector) {
	pool := sql.OpenDB(driver)
	pool.SetMaxOpenConns(1)
	pool.SetConnMaxIdleTime(postgresIdleTime)
	pool.SetConnMaxLifetime(postgresLifetime)
	const query = `SELECT pg_notify('` + taskChannel + `', payload) FROM unnest($1::text[]) AS payload`
	s.announcements = pool
	s.announcer = &announcer{send: func(ctx context.Context, payloads []string) error {
		return s.Call(ctx, "announce", func(ctx context.Context) error {
			_, err := pool.ExecContext(ctx, query, pq.Array(payloads))
			return err
		})
	}}
}

// add has it told soon that the user's latest event is seq.
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

// run tells what was gathered until nothing is left. What comes while a statement is
// under way is gathered for the next.
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
		_ = a.send(context.Background(), payloads(latest)) // watchers look for themselves
		time.Sleep(announceEvery)
	}
}

// end tells what is gathered, as far as that can be done within announceLast.
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

// payloads writes a line “number user” for each user, and as many lines into each
// payload as it may have. No id has a line break in it: one with a control
// character is nobody's at the API.
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

// announced reads a payload. An earlier version, which may be running beside this
// one, sends the user alone; then the number is 0.
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

// transaction remembers which users' events are to be announced when it is committed.
type transaction struct {
	Handle
	latest map[string]int64
}

// Announce has the event told once the transaction is committed.
func (q Querier) Announce(userID string, seq int64) {
	t := q.Handle.(*transaction) // events are written in s.tx alone
	if t.latest == nil {
		t.latest = map[string]int64{}
	}
	t.latest[userID] = seq
}

// announce tells other instances. It is called after a commit that failed as well:
// it may have been made all the same.
func (s *DB) announce(t *transaction) {
	if s.announcer == nil {
		return
	}
	for userID, seq := range t.latest {
		s.announcer.add(userID, seq)
	}
}
