package session

import (
	"cmp"
	"context"
	"errors"

	"vestibule/internal/fair"
	"vestibule/internal/openstreams"
)

// Limits of open streams: event streams, WebSockets and other exchanges without an end.
//
//   - A session may have fewer than its user. A browser with many tabs, or the script of
//     a thief, cannot use up the streams of the user's other devices.
//   - A user may have as many as the task API allows, in all sessions together.
//   - An address may have a share of all, however many users it has signed up.
//   - A stream stops counting when its exchange ends. An exchange ends with its session.
//   - A stream whose client has left may not know it. So when all places of a session or a user
//     are taken, its streams are asked, and a new one waits for a moment (internal/openstreams).

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
type streams struct {
	ofSessions, ofUsers *openstreams.Room
	ofAddresses         *fair.Room
}

func newStreams(cfg Config) streams {
	all := cmp.Or(cfg.MaxStreams, DefaultStreams)
	perUser := cmp.Or(cfg.MaxStreamsPerUser, DefaultStreamsPerUser)
	perAddress := all
	if cfg.AddressShare > 0 {
		perAddress = max(perUser, int(float64(all)*cfg.AddressShare))
	}
	return streams{
		ofSessions:  openstreams.New(all, cmp.Or(cfg.MaxStreamsPerSession, DefaultStreamsPerSession)),
		ofUsers:     openstreams.New(all, perUser),
		ofAddresses: fair.New(fair.Limits{Places: all, PerKey: perAddress}),
	}
}

// GuestStream counts one more open stream of a client at address that has no session. It returns
// ErrStreams if the address, or all together, have too many.
func (s *Sessions) GuestStream(ctx context.Context, address string) (leave func(), err error) {
	leave, err = s.streams.ofAddresses.Enter(ctx, address, 1)
	if errors.As(err, new(fair.Full)) {
		err = errors.Join(ErrStreams, err)
	}
	return leave, err
}

// Stream counts one more open stream of the session, from a client at address. It returns
// ErrStreams if a limit is reached, after a moment in which another stream may have ended.
// leave stops counting it and may be called repeatedly. Until then ask may be called, which
// should find out whether the stream still has a client. It must not block.
func (s *Sessions) Stream(ctx context.Context, l *Live, address string, ask func()) (leave func(), err error) {
	var leaves []func()
	leave = func() {
		for _, leave := range leaves {
			leave()
		}
	}
	all, cancel := context.WithTimeout(ctx, openstreams.Wait)
	defer cancel()
	for _, enter := range []func() (func(), error){
		func() (func(), error) { return s.streams.ofSessions.Enter(all, l.ID, ask) },
		func() (func(), error) { return s.streams.ofUsers.Enter(all, l.UserID, ask) },
		func() (func(), error) { return s.streams.ofAddresses.Enter(all, address, 1) },
	} {
		one, err := enter()
		if err != nil {
			leave()
			switch {
			case errors.As(err, new(fair.Full)):
				err = errors.Join(ErrStreams, err)
			case ctx.Err() == nil: // the wait for all of them has taken its second
				err = errors.Join(ErrStreams, fair.ErrKey)
			}
			return nil, err
		}
		leaves = append(leaves, one)
	}
	return leave, nil
}
