package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/proxy"
	"vestibule/bff/session"
	"vestibule/internal/web"
)

// signOut ends the session of the cookie. Without one there is nothing to end,
// which is what was asked for.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength != 0 {
		if _, err := web.ReadObject(w, r); err != nil {
			return err
		}
	}
	if err := s.sessions.End(r); err != nil {
		return err
	}
	http.SetCookie(w, s.sessions.Cookie.Clear())
	return web.WriteJSON(w, http.StatusOK, struct {
		Success bool `json:"success"`
	}{true})
}

type currentJSON struct {
	Session sessionJSON `json:"session"`
	User    userJSON    `json:"user"`
}

// getSession answers who is signed in, or null. It is never a 401: an app asks
// it to find out.
func (s *Server) getSession(w http.ResponseWriter, r *http.Request) error {
	live, err := s.sessions.Read(r)
	var renewed *http.Cookie
	if err == nil {
		renewed, err = s.sessions.Renewed(r.Context(), live)
	}
	switch {
	case errors.Is(err, session.ErrEnded):
		http.SetCookie(w, s.sessions.Cookie.Clear())
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
		return proxy.Grant{}, errNoSession
	case errors.Is(err, session.ErrEnded), errors.Is(err, session.ErrUnsigned):
		return proxy.Grant{}, errSessionExpired.With("Set-Cookie", s.sessions.Cookie.Clear().String()).Because(err)
	case err != nil:
		return proxy.Grant{}, err
	}
	web.NoteUser(r, live.UserID)
	bearer, err := s.sessions.Access(live)
	if err != nil {
		return proxy.Grant{}, err
	}
	return proxy.Grant{Bearer: bearer, Lease: s.sessions.Leaser(live)}, nil
}
