package bff

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"vestibule/internal/fair"
	"vestibule/internal/web"
	"vestibule/store/db"
)

// Limits on concurrent requests, per client (an IPv4 address, or a /64 of IPv6):
//
//   - A client has a small number of requests in work at a time. Further requests wait
//     briefly in a queue that all clients share fairly. If the queue is full, the request
//     is refused.
//   - Each session has separate places. So other clients behind the same address, or
//     behind a proxy that is not trusted, cannot take them. All sessions of one client
//     together have at most half of the places.
//   - A request takes its place when its body has arrived. So a client that sends slowly
//     takes no place from others behind the same address.
//   - Database look-ups by a token or an id that anybody can make up have a few separate
//     places, so that they do not take the connections of others.
//   - A refused request returns its place before its answer is sent (delayrefusals.go).
const (
	workPlaces         = 512
	workPerClient      = 32
	workQueue          = 2048
	workQueuePerClient = 128
	workWait           = 2 * time.Second
	sessionsPerClient  = workPlaces / 2 // in work and waiting

	lookupQueue          = 512
	lookupQueuePerClient = 3 * workPerClient // a request in work is not refused here
	lookupWait           = 2 * time.Second
)

func newWorkRoom() *fair.Room {
	return fair.New(fair.Limits{Places: workPlaces, PerKey: workPerClient, Queue: workQueue, QueuePerKey: workQueuePerClient, Wait: workWait})
}

func newSessionRoom() *fair.Room {
	return fair.New(fair.Limits{Places: workPlaces + workQueue, PerKey: sessionsPerClient})
}

// lookupPlaces returns how many look-ups run at a time, in total and of one client: three
// quarters of the connections for accounts, and a third of that.
func lookupPlaces(s db.Shares) (all, one int) {
	all = max(1, s.Accounts*3/4)
	return all, max(1, all/3)
}

func newLookupRoom(s db.Shares) *fair.Room {
	all, one := lookupPlaces(s)
	return fair.New(fair.Limits{Places: all, PerKey: one, Queue: lookupQueue, QueuePerKey: lookupQueuePerClient, Wait: lookupWait})
}

// The kinds of requests. Requests of one client wait only for requests of the same kind.
// So a slow sign-in, which computes a hash, does not delay a request for the session.
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

// withPlace calls h when the request has a place. The request keeps it until h returns.
func (s *Server) withPlace(kind string, h web.HandlerFunc) web.HandlerFunc {
	if s.cfg.RateLimitOff {
		return h
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		t := s.newAdmission(kind, r)
		defer t.leave()
		r = r.WithContext(context.WithValue(r.Context(), admissionKey{}, t))
		var err error
		// Nothing reads the body of a GET.
		if isRead := r.Method == http.MethodGet || r.Method == http.MethodHead; !isRead && r.Body != nil && r.Body != http.NoBody {
			r.Body = &admitAtEOF{ReadCloser: r.Body, enter: func() error { return s.enter(r, t) }}
		} else {
			err = s.enter(r, t)
		}
		if err == nil {
			err = h(w, r)
		}
		if t.delay != nil {
			// An answer that was written without an error is short. The server sends it
			// only after this function returns.
			t.leave()
			web.Release(r)
			s.await(r, t.delay)
		}
		return err
	}
}

// admission is the place of a request in work.
type admission struct {
	client  string
	kind    string
	session string // the session of its cookie, or ""
	give    func() // returns the place; nil: there is none
	delay   *pace  // how long the answer waits; nil: it does not wait
}

type admissionKey struct{}

func (s *Server) newAdmission(kind string, r *http.Request) *admission {
	t := &admission{client: s.client(r), kind: kind}
	if kind != kindToken { // the cookie is not read for services
		t.session = s.sessions.Presented(r)
	}
	return t
}

// key names the client or session that the place counts for.
func (t *admission) key() string { return t.kind + " " + t.client + " " + t.session }

// leave returns the place, if there is one.
func (t *admission) leave() {
	if t.give != nil {
		t.give()
	}
}

func (s *Server) enter(r *http.Request, t *admission) (err error) {
	leave := func() {}
	if t.session != "" {
		if leave, err = s.inSession.Enter(r.Context(), t.client, 1); err != nil {
			return s.refuseFull(r, err)
		}
	}
	give, err := s.work.Enter(r.Context(), t.key(), 1)
	if err != nil {
		leave()
		return s.refuseFull(r, err)
	}
	t.give = func() { give(); leave() }
	return nil
}

// admitAtEOF is a body. When it has been read to its end, the request takes its place.
type admitAtEOF struct {
	io.ReadCloser
	enter func() error
	in    bool
}

func (b *admitAtEOF) Read(p []byte) (int, error) {
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

// enterLookup takes a place for a database look-up by a value that anybody can make up.
func (s *Server) enterLookup(r *http.Request) (leave func(), err error) {
	if s.cfg.RateLimitOff {
		return func() {}, nil
	}
	leave, err = s.lookups.Enter(r.Context(), s.client(r), 1)
	return leave, s.refuseFull(r, err)
}

// refuseFull turns the error of a full room into a refusal. It returns other errors unchanged.
func (s *Server) refuseFull(r *http.Request, err error) error {
	switch {
	case errors.Is(err, fair.ErrKey):
		return s.refuse(r, errTooManyAtOnce.Because(err))
	case errors.Is(err, fair.ErrAll):
		return web.Busy("requests", err)
	}
	return err
}

// client returns the key of the client that sent r: its address or its /64.
func (s *Server) client(r *http.Request) string { return web.ClientKey(s.clients.Of(r)) }
