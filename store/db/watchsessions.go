package db

import (
	"context"
	"strings"
)

// sessionChannel is the channel of the triggers on sessions and users; see the migrations
// 00021_session_notify.sql and 00024_session_always.sql.
const sessionChannel = "vestibule_sessions"

// SessionWatcher is told what other processes do to sessions. Its methods are called from
// several goroutines and should return quickly.
type SessionWatcher interface {
	// Ended means that the session with the token hash is gone.
	Ended(hash string)
	// Changed means that the session or its user must be read again.
	Changed(hash string)
	// AllEnded means that no session is left.
	AllEnded()
	// Listening means that notifications begin or cease to arrive.
	Listening()
}

// WatchSessions tells w about sessions until ctx ends. On SQLite it tells nothing, because
// Version shows each change.
func (s *DB) WatchSessions(ctx context.Context, w SessionWatcher) {
	if s.listener == nil {
		<-ctx.Done()
		return
	}
	s.listener.subscribe(ctx, &subscriber{
		channel: sessionChannel,
		receive: func(payload string) {
			switch what, hash, _ := strings.Cut(payload, " "); what {
			case "ended":
				w.Ended(hash)
			case "changed":
				w.Changed(hash)
			case "all":
				w.AllEnded()
			}
		},
		listening: func(bool) { w.Listening() },
	})
}
