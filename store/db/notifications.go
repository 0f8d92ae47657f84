package db

import (
	"cmp"
	"errors"
	"time"
)

// lostAfter is how long notifications may be missing before it is a fault. A lost connection
// is replaced sooner.
const lostAfter = 10 * time.Second

// Notifications returns why notifications have not arrived for ten seconds, or nil. It asks
// nobody. It returns nil on SQLite, while nobody watches, and behind a pooler in transaction
// mode without ListenAt: then it is known that none will arrive.
func (s *DB) Notifications() error {
	if s.listener == nil {
		return nil
	}
	return s.listener.late(time.Now())
}

func (l *listener) late(now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop == nil {
		return nil
	}
	last, latest := l.started, l.latest.Load()
	if latest != nil && latest.until.After(last) {
		last = latest.until
	}
	if now.Sub(last) < lostAfter || l.behindPooler(latest) {
		return nil
	}
	return cmp.Or(l.cause, errNotHeard)
}

// behindPooler reports whether DATABASE_URL seems to be a pooler in transaction mode: LISTEN
// succeeds there, and so do the heartbeats, but none has ever arrived. On a broken network
// one of the two fails.
func (l *listener) behindPooler(latest *hearing) bool {
	return latest == nil && !l.direct && errors.Is(l.cause, errSilent)
}
