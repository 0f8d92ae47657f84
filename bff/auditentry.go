package bff

import (
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/web"
	"vestibule/store"
)

// event returns an entry of the audit trail: what happened, and where the request came
// from.
func (s *Server) event(r *http.Request, kind string) store.Event {
	return store.Event{
		At:        s.now().UTC(),
		Type:      kind,
		Actor:     store.ActorUser,
		IPAddress: s.clients.Of(r),
		UserAgent: session.UserAgent(r),
		RequestID: web.RequestID(r),
	}
}

// eventOf returns an event in a session.
func (s *Server) eventOf(r *http.Request, in store.Session, kind string) store.Event {
	e := s.event(r, kind)
	e.UserID, e.SessionID = in.UserID, in.ID
	return e
}
