package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/web"
)

// errUnauthorized is what Better Auth says of a request without a session.
var errUnauthorized = web.Refuse(http.StatusUnauthorized, "UNAUTHORIZED", "Unauthorized")

// member handles a request of somebody who is signed in.
type member func(w http.ResponseWriter, r *http.Request, live *session.Live) error

// signedIn lets only the signed-in to h, before a word of the body is read:
// without a session there is nothing to learn about what h wants. The session and
// its user are read anew, since h is going to change them. The answer sets no
// cookie, also where the session was extended: it could be late, and overwrite a
// newer one.
func (s *Server) signedIn(h member) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		live, err := s.sessions.Read(r)
		switch {
		case errors.Is(err, session.ErrNone), errors.Is(err, session.ErrUnsigned):
			return errUnauthorized.Because(err)
		case errors.Is(err, session.ErrEnded):
			return errUnauthorized.With("Set-Cookie", s.sessions.Cookie.Clear().String()).Because(err)
		case err != nil:
			return err
		}
		web.NoteUser(r, live.UserID)
		return h(w, r, live)
	}
}

// statusJSON is how Better Auth says that something was done.
type statusJSON struct {
	Status bool `json:"status"`
}

func done(w http.ResponseWriter) error {
	return web.WriteJSON(w, http.StatusOK, statusJSON{true})
}
