package bff

import (
	"context"
	"errors"
	"net/http"

	"vestibule/bff/proxy"
	"vestibule/bff/route"
	"vestibule/bff/session"
	"vestibule/internal/web"
)

// The core of the product: what happens between a browser's request under /api/proxy/
// and the request to the API.
//
//	cookie  → session  session.Sessions.Check: the signature, then the cache or the database
//	session → token    session.Sessions.Token:  minted once per session and kind, renewed before it expires
//	token   → grant    proxy.Grant: what the proxy sends, and what it asks while the request lasts
//
// The rules:
//
//   - The cookie stops here. The proxy passes no cookie on, and no answer holds the token.
//   - Without a live session nothing reaches the API, unless its route says so (route.go).
//   - A slow request is checked again: after its body has arrived (Confirm), and
//     repeatedly while its stream is open (Lease). So the end of a session also ends
//     requests in progress.
//   - An answer sets the cookie only to sign it with the current secret (Cookie).

var (
	errNoSession      = web.Refuse(http.StatusUnauthorized, "NO_SESSION", "No session token found")
	errSessionExpired = web.Refuse(http.StatusUnauthorized, "SESSION_EXPIRED", proxy.SessionExpired)
)

// authorize turns the cookie of a proxied request into its token and lease.
func (s *Server) authorize(r *http.Request, at *proxiedRoute) (proxy.Grant, error) {
	if at.Session == route.None {
		return s.guest(r), nil
	}
	live, err := s.caller(r, at.Session)
	switch {
	case err != nil:
		if web.AsError(err).Status == http.StatusUnauthorized {
			web.NoteRefusal(r, at.Rule("session"))
		}
		return proxy.Grant{}, err
	case live == nil:
		return s.guest(r), nil
	}
	t, err := s.sessions.Token(live, at.kind)
	if err != nil {
		return proxy.Grant{}, err
	}
	return proxy.Grant{
		User:    live.UserID,
		Bearer:  t.Raw,
		Expired: func() bool { return !s.now().Before(t.Expires) },
		Bind:    func(end context.CancelCauseFunc) func() { return s.sessions.Bind(live, end).Release },
		Stream:  func(ctx context.Context, ask func()) (func(), error) { return s.stream(ctx, r, live, ask) },
		Confirm: func(ctx context.Context) error { return s.confirm(ctx, live) },
		Cookie:  func(ctx context.Context) *http.Cookie { return s.sessions.SignedAgain(ctx, live) },
	}, nil
}

// caller returns the live session of a request for an application, or the refusal. If the
// session is optional, it returns nil for a request without a live one.
func (s *Server) caller(r *http.Request, rule route.SessionRule) (*session.Live, error) {
	live, err := s.sessions.Check(r)
	none := errors.Is(err, session.ErrNone) || errors.Is(err, session.ErrEnded) || errors.Is(err, session.ErrUnsigned)
	switch {
	case none && rule == route.Optional:
		return nil, nil
	case none:
		s.noSession(r, err)
		if errors.Is(err, session.ErrNone) {
			return nil, errNoSession
		}
		return nil, s.cleared(errSessionExpired, err)
	case err != nil:
		return nil, err
	}
	web.NoteUser(r, live.UserID)
	return live, nil
}

// guest returns the permission of a request without a session, on a route that needs none. Only
// the client's address bounds it.
func (s *Server) guest(r *http.Request) proxy.Grant {
	return proxy.Grant{Stream: func(ctx context.Context, _ func()) (func(), error) {
		leave, err := s.sessions.GuestStream(ctx, s.client(r))
		return leave, tooManyStreams(err)
	}}
}

// stream takes a place for a stream.
func (s *Server) stream(ctx context.Context, r *http.Request, live *session.Live, ask func()) (leave func(), err error) {
	leave, err = s.sessions.Stream(ctx, live, s.client(r), ask)
	return leave, tooManyStreams(err)
}

func tooManyStreams(err error) error {
	if errors.Is(err, session.ErrStreams) {
		return errStreams.Because(err)
	}
	return err
}

// errStreams refuses a stream: the session, the user, the address or the whole server has
// too many.
var errStreams = web.Refuse(http.StatusTooManyRequests, "TOO_MANY_STREAMS", "Too many streams are open. Close some, or try again later.").With("Retry-After", "30")

// confirm checks the session again after a slow body has arrived. The refusal does not
// clear the cookie: it may arrive late, when the browser already has a newer one.
func (s *Server) confirm(ctx context.Context, live *session.Live) error {
	err := s.sessions.Confirm(ctx, live)
	if errors.Is(err, session.ErrEnded) {
		return errSessionExpired.Because(err)
	}
	return err
}
