package session

import (
	"cmp"
	"context"
	"errors"

	"vestibule/internal/fair"
)

// Limits of open streams: event streams, WebSockets and other exchanges without an end.
//
//   - A session may have fewer than its user. A browser with many tabs, or the script of
//     a thief, cannot use up the streams of the user's other devices.
//   - A user may have as many as the task API allows, in all sessions together.
//   - An address may have a share of all, however many users it has signed up.
//   - A stream stops counting when its exchange ends. An exchange ends with its session.

// The defaults of Config.MaxStreams, MaxStreamsPerUser and MaxStreamsPerSession.
const (
	DefaultStreams           = 10_000
	DefaultStreamsPerUser    = 32
	DefaultStreamsPerSession = 16
)

// ErrStreams means that the session, its user, its address or the whole program has
// reached its limit of open streams.
var ErrStreams = errors.New("too many streams are open")

// streams counts the open streams.
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

// Stream counts one more open stream of the session, from a client at address. It returns
// ErrStreams if a limit is reached. leave stops counting it and may be called repeatedly.
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
		// Do not wait for another stream to end: it may stay open for hours.
		one, err := place.room.Enter(context.Background(), place.key, 1)
		if err != nil {
			leave()
			return nil, errors.Join(ErrStreams, err)
		}
		leaves = append(leaves, one)
	}
	return leave, nil
}
