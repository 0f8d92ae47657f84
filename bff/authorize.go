package bff

import (
	"context"
	"errors"
	"net/http"

	"vestibule/bff/proxy"
	"vestibule/bff/session"
	"vestibule/internal/fair"
	"vestibule/internal/web"
)

// The core of the product: what happens between a browser's request under /api/proxy/
// and the request to the API.
//
//	cookie  → session  session.Sessions.Check: the signature, then the cache or the database
//	session → token    session.Sessions.Token:  minted once per session, renewed before it expires
//	token   → grant    proxy.Grant: what the proxy sends, and what it asks while the request lasts
//
// The rules:
//
//   - The cookie stops here. The proxy passes no cookie on, and no answer holds the token.
//   - Without a live session nothing reaches the API.
//   - A slow request is checked again: after its body has arrived (Confirm), and
//     repeatedly while its stream is open (Lease). So the end of a session also ends
//     requests in progress.
//   - An answer sets the cookie only to sign it with the current secret (Cookie).

func (s *Server) newProxy(upstream http.RoundTripper) (*proxy.Proxy, error) {
	return proxy.New(proxy.Config{
		Backend:        s.cfg.Backend,
		Public:         s.cfg.BaseURL,
		Transport:      upstream,
		ForwardHeaders: s.cfg.ProxyForwardHeaders,
		BodyLimit:      max(0, s.cfg.ProxyBodyLimit),
		MaxRequests:    s.cfg.ProxyMaxRequests,
		Timeout:        s.cfg.ProxyTimeout,
		Authorize:      s.authorize,
		AllowUpgrade:   s.origins.allowUpgrade,
		ClientIP:       s.clients.Of,

		StandardTransport: s.cfg.ProxyStandardTransport,
	})
}

// proxied forwards a request to the API. If the client has too many requests in progress,
// the refusal is delayed: each such request has already cost a session look-up.
func (s *Server) proxied(w http.ResponseWriter, r *http.Request) error {
	err := s.proxy.Serve(w, r)
	if errors.Is(err, fair.ErrKey) {
		s.delayAnswer(r, s.refusals)
	}
	return err
}

var (
	errNoSession      = web.Refuse(http.StatusUnauthorized, "NO_SESSION", "No session token found")
	errSessionExpired = web.Refuse(http.StatusUnauthorized, "SESSION_EXPIRED", proxy.SessionExpired)
)

// authorize turns the cookie of a proxied request into its token and lease.
func (s *Server) authorize(r *http.Request) (proxy.Grant, error) {
	live, err := s.caller(r)
	if err != nil {
		return proxy.Grant{}, err
	}
	t, err := s.sessions.Token(live)
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

// caller returns the live session of a request for an application, or the refusal.
func (s *Server) caller(r *http.Request) (*session.Live, error) {
	live, err := s.sessions.Check(r)
	switch {
	case errors.Is(err, session.ErrNone):
		s.noSession(r, err)
		return nil, errNoSession
	case errors.Is(err, session.ErrEnded), errors.Is(err, session.ErrUnsigned):
		s.noSession(r, err)
		return nil, s.cleared(errSessionExpired, err)
	case err != nil:
		return nil, err
	}
	web.NoteUser(r, live.UserID)
	return live, nil
}

// stream takes a place for a stream.
func (s *Server) stream(ctx context.Context, r *http.Request, live *session.Live, ask func()) (leave func(), err error) {
	if leave, err = s.sessions.Stream(ctx, live, s.client(r), ask); errors.Is(err, session.ErrStreams) {
		err = errStreams.Because(err)
	}
	return leave, err
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
