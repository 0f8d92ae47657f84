package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/web"
	"vestibule/store"
)

// listSessions answers where the user is signed in. Which one is the caller's own
// is told by its token, which /get-session gives too.
func (s *Server) listSessions(w http.ResponseWriter, r *http.Request, live *session.Live, _ *web.Object) error {
	rows, err := s.sessions.Of(r.Context(), live.UserID)
	if err != nil {
		return err
	}
	list := make([]sessionJSON, len(rows))
	for i, row := range rows {
		list[i] = toSessionJSON(row)
	}
	return web.WriteJSON(w, http.StatusOK, list)
}

// revokeSession ends the session that a handle names, if it is one of the user's
// own. The answer is the same if it is not: a handle of somebody else's is not
// told from one that never was. To end one's own is to sign out, which needs no proof.
func (s *Server) revokeSession(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error {
	handle, _ := body.String("token")
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	if handle != live.Handle() && !s.sessions.Proven(live) {
		return errNotFresh
	}
	e := s.eventOf(r, live.Session, store.EventSessionRevoked)
	err := s.act(r, "revoke session", e, func(tx *store.Tx) error { return tx.RevokeSession(live.UserID, handle, e) })
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalidText):
	case err != nil:
		return err
	case handle == live.Handle():
		http.SetCookie(w, s.sessions.Cookie.Clear())
	}
	return done(w)
}

// revokeSessions ends all of the user's sessions, the caller's own too.
func (s *Server) revokeSessions(w http.ResponseWriter, r *http.Request, live *session.Live, _ *web.Object) error {
	if err := s.revokeBut(r, live, ""); err != nil {
		return err
	}
	http.SetCookie(w, s.sessions.Cookie.Clear())
	return done(w)
}

// revokeOtherSessions leaves the user signed in here and nowhere else.
func (s *Server) revokeOtherSessions(w http.ResponseWriter, r *http.Request, live *session.Live, _ *web.Object) error {
	if err := s.revokeBut(r, live, live.TokenHash); err != nil {
		return err
	}
	return done(w)
}

func (s *Server) revokeBut(r *http.Request, live *session.Live, except string) error {
	e := s.eventOf(r, live.Session, store.EventSessionRevoked)
	return s.act(r, "revoke sessions", e, func(tx *store.Tx) error { return tx.RevokeSessions(live.UserID, except, e) })
}

// optionalBody reads the body of a request that needs none: {} or nothing. What a
// form of a foreign page can send is refused.
func (s *Server) optionalBody(w http.ResponseWriter, r *http.Request, from asker) (*web.Object, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	return s.readBody(w, r, from)
}
