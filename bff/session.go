package bff

import (
	"context"
	"errors"
	"net/http"

	"vestibule/bff/proxy"
	"vestibule/bff/session"
	"vestibule/internal/web"
	"vestibule/store"
)

// signOut ends the session of the cookie. Without one there is nothing to end,
// which is what was asked for.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.optionalBody(w, r, s.anybody(r)); err != nil {
		return err
	}
	err := s.sessions.End(r, store.Recorded(s.event(r, store.EventSignOut)))
	switch {
	case errors.Is(err, session.ErrOften):
		s.noSession(r, err)
	case err != nil:
		return err
	}
	http.SetCookie(w, s.sessions.Cookie.Clear())
	return web.WriteJSON(w, http.StatusOK, successJSON{true})
}

type currentJSON struct {
	Session sessionJSON `json:"session"`
	User    userJSON    `json:"user"`
}

// getSession answers who is signed in, or null. It is never a 401: an app asks
// it to find out. With disableRefresh, asking is no use of the session; as in
// Better Auth any value but an empty one is a yes.
func (s *Server) getSession(w http.ResponseWriter, r *http.Request) error {
	read, renew := s.sessions.Read, s.sessions.Renewed
	if web.QueryValue(r, "disableRefresh") != "" {
		read = s.sessions.Peek
		renew = func(context.Context, *session.Live) (*http.Cookie, error) { return nil, nil }
	}
	live, err := read(r)
	var renewed *http.Cookie
	if err == nil {
		renewed, err = renew(r.Context(), live)
	}
	switch {
	case errors.Is(err, session.ErrEnded):
		s.noSession(r, err)
		if !errors.Is(err, session.ErrReplaced) { // this answer may be late
			http.SetCookie(w, s.sessions.Cookie.Clear())
		}
		return web.WriteJSON(w, http.StatusOK, nil)
	case errors.Is(err, session.ErrNone), errors.Is(err, session.ErrUnsigned):
		return web.WriteJSON(w, http.StatusOK, nil)
	case err != nil:
		return err
	}
	if renewed != nil {
		http.SetCookie(w, renewed)
	}
	web.NoteUser(r, live.UserID)
	if err := s.exposeToken(w, live); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, currentJSON{Session: toSessionJSON(live.Session), User: toUserJSON(live.User)})
}

var (
	errNoSession      = web.Refuse(http.StatusUnauthorized, "NO_SESSION", "No session token found")
	errSessionExpired = web.Refuse(http.StatusUnauthorized, "SESSION_EXPIRED", "Session expired. Please log in again.")
)

// authorize turns the cookie of a proxied request into its token and lease.
func (s *Server) authorize(r *http.Request) (proxy.Grant, error) {
	live, err := s.sessions.Check(r)
	switch {
	case errors.Is(err, session.ErrNone):
		s.noSession(r, err)
		return proxy.Grant{}, errNoSession
	case errors.Is(err, session.ErrEnded), errors.Is(err, session.ErrUnsigned):
		s.noSession(r, err)
		return proxy.Grant{}, s.cleared(errSessionExpired, err)
	case err != nil:
		return proxy.Grant{}, err
	}
	web.NoteUser(r, live.UserID)
	access, err := s.sessions.Access(live)
	if err != nil {
		return proxy.Grant{}, err
	}
	return proxy.Grant{
		User:    live.UserID,
		Bearer:  access.Raw,
		Expired: func() bool { return !s.now().Before(access.Expires) },
		Lease:   s.sessions.Leaser(live),
		Stream:  func() (func(), error) { return s.stream(r, live) },
		Confirm: func(ctx context.Context) error { return s.confirm(ctx, live) },
	}, nil
}

// errStreams is for a session, its user, its address or everybody with too many streams.
var errStreams = web.Refuse(http.StatusTooManyRequests, "TOO_MANY_STREAMS", "Too many streams are open. Close some, or try again later.").With("Retry-After", "30")

// stream takes a place for a stream.
func (s *Server) stream(r *http.Request, live *session.Live) (leave func(), err error) {
	if leave, err = s.sessions.Stream(live, s.client(r)); errors.Is(err, session.ErrStreams) {
		err = errStreams.Because(err)
	}
	return leave, err
}

// confirm looks again at the session of a request whose body took its time. The
// refusal does not clear the cookie: it is late by its nature, and the browser may
// have a newer one.
func (s *Server) confirm(ctx context.Context, live *session.Live) error {
	err := s.sessions.Confirm(ctx, live)
	if errors.Is(err, session.ErrEnded) {
		return errSessionExpired.Because(err)
	}
	return err
}
