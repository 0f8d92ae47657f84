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
//   - An address has a part of all, however many users it has signed up.
//   - A place is free again when its exchange is over, and that ends with the session.

// The defaults of Config.MaxStreams and what follows it.
const (
	DefaultStreams           = 10_000
	DefaultStreamsPerUser    = 32
	DefaultStreamsPerSession = 16
)

// ErrStreams means that the session, its user or all together have as many streams
// open as they may.
var ErrStreams = errors.New("too many streams are open")

// streams are the places.
type streams struct{ ofSessions, ofUsers, ofAddresses *fair.Room }

func newStreams(cfg Config) streams {
	all := cmp.Or(cfg.MaxStreams, DefaultStreams)
	perUser := cmp.Or(cfg.MaxStreamsPerUser, DefaultStreamsPerUser)
	perAddress := all
	if cfg.AddressShare > 0 {
		perAddress = max(perUser, int(float64(all)*cfg.AddressShare))
	}
	return streams{
		ofSessions:  fair.New(fair.Limits{Places: all, PerKey: cmp.Or(cfg.MaxStreamsPerSession, DefaultStreamsPerSession)}),
		ofUsers:     fair.New(fair.Limits{Places: all, PerKey: perUser}),
		ofAddresses: fair.New(fair.Limits{Places: all, PerKey: perAddress}),
	}
}

// Stream takes a place for a stream of the session, for a client of that address, or
// returns ErrStreams. leave gives it back, and may be called more than once.
func (s *Sessions) Stream(l *Live, address string) (leave func(), err error) {
	var leaves []func()
	leave = func() {
		for _, leave := range leaves {
			leave()
		}
	}
	for _, place := range []struct {
		room *fair.Room
		key  string
	}{{s.streams.ofSessions, l.ID}, {s.streams.ofUsers, l.UserID}, {s.streams.ofAddresses, address}} {
		// Nobody waits: there is a place, or there is none.
		one, err := place.room.Enter(context.Background(), place.key, 1)
		if err != nil {
			leave()
			return nil, errors.Join(ErrStreams, err)
		}
		leaves = append(leaves, one)
	}
	return leave, nil
}
