package session

import (
	"cmp"
	"context"
	"errors"

	"vestibule/internal/fair"
)

// What the places of streams keep to: event streams, WebSockets and other exchanges
// that have no end of their own.
//
//   - A session has fewer than its user: a browser whose tabs, or a thief whose script,
//     opens as many as it can takes none from the user's other devices.
//   - A user has as many as the task API gives, however many sessions there are.
//   - A place is free again when its exchange is over, and that ends with the session.
const (
	defaultStreams           = 10_000
	defaultStreamsPerUser    = 32
	defaultStreamsPerSession = 16
)

// ErrStreams means that the session, its user or all together have as many streams
// open as they may.
var ErrStreams = errors.New("too many streams are open")

// streams are the places.
type streams struct{ ofSessions, ofUsers *fair.Room }

func newStreams(cfg Config) streams {
	all := cmp.Or(cfg.MaxStreams, defaultStreams)
	return streams{
		ofSessions: fair.New(fair.Limits{Places: all, PerKey: cmp.Or(cfg.MaxStreamsPerSession, defaultStreamsPerSession)}),
		ofUsers:    fair.New(fair.Limits{Places: all, PerKey: cmp.Or(cfg.MaxStreamsPerUser, defaultStreamsPerUser)}),
	}
}

// Stream takes a place for a stream of the session, or returns ErrStreams. leave gives
// it back, and may be called more than once.
func (s *Sessions) Stream(l *Live) (leave func(), err error) {
	ctx := context.Background() // nobody waits: there is a place, or there is none
	leaveSession, err := s.streams.ofSessions.Enter(ctx, l.ID, 1)
	if err != nil {
		return nil, errors.Join(ErrStreams, err)
	}
	leaveUser, err := s.streams.ofUsers.Enter(ctx, l.UserID, 1)
	if err != nil {
		leaveSession()
		return nil, errors.Join(ErrStreams, err)
	}
	return func() { leaveUser(); leaveSession() }, nil
}
