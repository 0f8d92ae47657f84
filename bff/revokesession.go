package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

type revokeSessionBody struct {
	Token string `json:"token" doc:"A session's handle"`
}

var revokeSessionDoc = endpoint.Doc{
	Tag: "session", Summary: "End one session",
	Row:     "200 `{\"status\":true}`. Body: `token`, a handle. A handle that is not the user's ends nothing and gets the same answer",
	Events:  []string{store.EventSessionRevoked},
	Body:    &endpoint.Body{Text: "The session to end", Examples: oneExample(revokeSessionBody{exampleHandle})},
	Answers: []*endpoint.Answer{answers("The session has ended. A handle that is not the user's ends nothing and gets the same answer", statusJSON{true}, changeCookie), notFresh},
}

// revokeSession ends the session with the given handle, if it is one of the user's. The
// answer is the same if it is not, so that nobody learns which handles exist. A user may
// always end the session of the request itself: that is signing out.
func (s *Server) revokeSession(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error {
	handle, _ := body.String("token")
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	if handle != live.Handle() && !s.sessions.Proven(live) {
		return errNotFresh
	}
	e := s.eventOf(r, *live.Session, store.EventSessionRevoked)
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
