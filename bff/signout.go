package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

type successJSON struct {
	Success bool `json:"success" schema:"const=true"`
}

var signOutDoc = endpoint.Doc{
	Tag: "account", Summary: "Sign out",
	Row:     "200 `{\"success\":true}`, also without a session. Clears the cookie",
	Events:  []string{store.EventSignOut},
	Body:    noInput,
	Answers: []*endpoint.Answer{answers("The session, if there was one, has ended. The cookie is cleared", successJSON{true}, clearCookieAlways), badOptional},
}

// signOut ends the session of the cookie. Without a session it succeeds too: there is
// nothing to end.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.optionalBody(w, r, s.shareOf(r)); err != nil {
		return err
	}
	err := s.sessions.End(r, s.event(r, store.EventSignOut))
	switch {
	case errors.Is(err, session.ErrTooOften):
		s.noSession(r, err)
	case err != nil:
		return err
	}
	http.SetCookie(w, s.sessions.Cookie.Clear())
	return web.WriteJSON(w, http.StatusOK, successJSON{true})
}
