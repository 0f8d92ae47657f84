package bff

import (
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/web"
	"vestibule/store"
)

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
