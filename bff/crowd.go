package bff

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"vestibule/internal/fair"
	"vestibule/internal/web"
)

// How requests share what works on them, by client (an IPv4 address, or a /64 of IPv6):
//
//   - What anybody may ask, signed in or not, is worked on for a client a few times at a
//     time. More of it waits for a moment, in a line that all clients share fairly; who
//     finds it full is refused.
//   - Who presents a session has turns of its own, so that nobody else behind the same
//     address, or behind a proxy that is not trusted, takes them. The sessions of one
//     client together have at most half of the places.
//   - A request is in work once its body has come: a client that sends slowly takes no
//     place from others behind the same address.
//   - What strangers ask of the database, by a token or an id that they have made up, has
//     a few places of its own, so that it does not take the connections of others.
//   - Whoever is refused gives their place back before they hear of it (refuse.go).
const (
	workPlaces    = 512
	workOfOne     = 32
	workLine      = 2048
	workLineOfOne = 128
	workPatience  = 2 * time.Second
	sessionsOfOne = workPlaces / 2 // in work and waiting

	askPlaces    = 6
	askOfOne     = 2
	askLine      = 512
	askLineOfOne = 3 * workOfOne // whoever is in work is not refused here
	askPatience  = 2 * time.Second
)

func newWorkRoom() *fair.Room {
	return fair.New(fair.Limits{Places: workPlaces, PerKey: workOfOne, Queue: workLine, QueuePerKey: workLineOfOne, Wait: workPatience})
}

func newSessionRoom() *fair.Room {
	return fair.New(fair.Limits{Places: workPlaces + workLine, PerKey: sessionsOfOne})
}

func newAskRoom() *fair.Room {
	return fair.New(fair.Limits{Places: askPlaces, PerKey: askOfOne, Queue: askLine, QueuePerKey: askLineOfOne, Wait: askPatience})
}

// Requests of one kind do not wait for those of another of the same client: sign-ins,
// which wait for a hash, not for whoever asks for their session.
const (
	kindRead  = "read"
	kindWrite = "write"
	kindToken = "token" // of services
)

func kindOf(method string) string {
	if method == http.MethodGet {
		return kindRead
	}
	return kindWrite
}

// inTurn lets h work on a request once it has a place, which it has until it is done.
func (s *Server) inTurn(kind string, h web.HandlerFunc) web.HandlerFunc {
	if s.cfg.RateLimitOff {
		return h
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		t := s.turnOf(kind, r)
		defer t.leave()
		r = r.WithContext(context.WithValue(r.Context(), turnKey{}, t))
		var err error
		// What a GET carries is read by nobody.
		if kind != kindRead && r.Body != nil && r.Body != http.NoBody {
			r.Body = &arriving{ReadCloser: r.Body, enter: func() error { return s.enter(r, t) }}
		} else {
			err = s.enter(r, t)
		}
		if err == nil {
			err = h(w, r)
		}
		if t.late != nil {
			// An answer that was written without an error is short, and not sent before
			// this returns.
			t.leave()
			web.Release(r)
			s.await(r, t.late)
		}
		return err
	}
}

// turn is a request's place among those that are in work.
type turn struct {
	client  string
	kind    string
	session string // that is presented, or ""
	give    func() // nil: it has none
	late    *pace  // by which the answer has to wait; nil: it does not
}

type turnKey struct{}

func (s *Server) turnOf(kind string, r *http.Request) *turn {
	t := &turn{client: s.client(r), kind: kind}
	if kind != kindToken { // which looks at no cookie
		t.session = s.sessions.Presented(r)
	}
	return t
}

// key is whose turn it is.
func (t *turn) key() string { return t.kind + " " + t.client + " " + t.session }

// leave gives the place back, if there is one.
func (t *turn) leave() {
	if t.give != nil {
		t.give()
	}
}

func (s *Server) enter(r *http.Request, t *turn) (err error) {
	leave := func() {}
	if t.session != "" {
		if leave, err = s.inSession.Enter(r.Context(), t.client, 1); err != nil {
			return s.crowded(r, err)
		}
	}
	give, err := s.work.Enter(r.Context(), t.key(), 1)
	if err != nil {
		leave()
		return s.crowded(r, err)
	}
	t.give = func() { give(); leave() }
	return nil
}

// arriving is a body that asks for a place when it has come to its end.
type arriving struct {
	io.ReadCloser
	enter func() error
	in    bool
}

func (b *arriving) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != io.EOF || b.in {
		return n, err
	}
	if refused := b.enter(); refused != nil {
		return n, refused
	}
	b.in = true
	return n, err
}

// stranger takes a place to ask the database for something that anybody may have made up.
func (s *Server) stranger(r *http.Request) (leave func(), err error) {
	if s.cfg.RateLimitOff {
		return func() {}, nil
	}
	leave, err = s.asks.Enter(r.Context(), s.client(r), 1)
	return leave, s.crowded(r, err)
}

// crowded is the answer where a room had no place. Other errors it returns as they are.
func (s *Server) crowded(r *http.Request, err error) error {
	switch {
	case errors.Is(err, fair.ErrKey):
		return s.refuse(r, errTooManyAtOnce.Because(err))
	case errors.Is(err, fair.ErrAll):
		return web.Busy("requests", err)
	}
	return err
}

// client is what counts as one client.
func (s *Server) client(r *http.Request) string { return web.ClientKey(s.clients.Of(r)) }
