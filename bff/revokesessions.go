package bff

import (
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

var revokeSessionsDoc = endpoint.Doc{
	Tag: "session", Summary: "End all sessions",
	Row:     "200. All sessions of the user end, including the caller's",
	Events:  []string{store.EventSessionRevoked},
	Body:    noInput,
	Answers: []*endpoint.Answer{answers("All sessions of the user have ended, including the caller's", statusJSON{true}, clearCookieAlways), badOptional},
}

// revokeSessions ends all sessions of the user, including the caller's.
func (s *Server) revokeSessions(w http.ResponseWriter, r *http.Request, live *session.Live, _ *web.Object) error {
	if err := s.revokeAllExcept(r, live, ""); err != nil {
		return err
	}
	http.SetCookie(w, s.sessions.Cookie.Clear())
	return done(w)
}

var revokeOthersDoc = endpoint.Doc{
	Tag: "session", Summary: "End all other sessions",
	Row:     "200. All sessions of the user end except the caller's",
	Events:  []string{store.EventSessionRevoked},
	Body:    noInput,
	Answers: []*endpoint.Answer{answers("All sessions except the caller's have ended", statusJSON{true}), badOptional},
}

// revokeOtherSessions ends all sessions of the user except the caller's.
func (s *Server) revokeOtherSessions(w http.ResponseWriter, r *http.Request, live *session.Live, _ *web.Object) error {
	if err := s.revokeAllExcept(r, live, live.TokenHash); err != nil {
		return err
	}
	return done(w)
}

func (s *Server) revokeAllExcept(r *http.Request, live *session.Live, except string) error {
	e := s.eventOf(r, *live.Session, store.EventSessionRevoked)
	return s.act(r, "revoke sessions", e, func(tx *store.Tx) error { return tx.RevokeSessions(live.UserID, except, e) })
}
