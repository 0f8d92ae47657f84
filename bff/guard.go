package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/web"
	"vestibule/store"
)

// What a signed-in user's request passes, in this order:
//
//   - Without a live session it is refused before a word of its body is read: there
//     is nothing to learn about what the endpoint wants, and no memory to take.
//   - The body is read whole. A client may take half an hour for that, so nothing
//     that was true before counts afterwards.
//   - The session and its user are read anew, from the database.
//   - What is sensitive needs a password that was proven in this session lately. A
//     cookie that was stolen, or a browser that was left open, is not enough.
//   - The transaction that acts requires the session's row once more (store).

// errUnauthorized is what Better Auth says of a request without a session.
var errUnauthorized = web.Refuse(http.StatusUnauthorized, "UNAUTHORIZED", "Unauthorized")

// errNotFresh has Better Auth's code and asks for the password.
var errNotFresh = web.Refuse(http.StatusForbidden, "SESSION_NOT_FRESH",
	"Session is not fresh: prove the password with /verify-password and send the request again.")

// member handles a request of somebody who is signed in. body is nil for a GET, and
// empty where none was sent and none is needed.
type member func(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error

// signedIn lets only the signed-in to h. The answer sets no cookie, also where the
// session was extended: it could be late, and overwrite a newer one.
func (s *Server) signedIn(read bodyReader, h member) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		from, err := s.sender(r)
		if err != nil {
			return err
		}
		body, err := read(w, r, from)
		if err != nil {
			return err
		}
		live, err := s.sessions.Read(r)
		if err != nil {
			return s.unauthorized(r, err)
		}
		web.NoteUser(r, live.UserID)
		return ended(h(w, r, live, body))
	}
}

// sender is the asker for whom the body of r is read, if there is a live session.
func (s *Server) sender(r *http.Request) (asker, error) {
	live, err := s.sessions.Check(r)
	if err != nil {
		return asker{}, s.unauthorized(r, err)
	}
	return s.known(r, live.UserID), nil
}

// fresh lets h act only if the password was proven in the session lately.
func (s *Server) fresh(h member) member {
	return func(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error {
		if !s.sessions.Proven(live) {
			return errNotFresh
		}
		return h(w, r, live, body)
	}
}

// unauthorized answers that there is no session; other errors pass.
func (s *Server) unauthorized(r *http.Request, err error) error {
	switch {
	case errors.Is(err, session.ErrNone), errors.Is(err, session.ErrUnsigned):
		s.noSession(r, err)
		return errUnauthorized.Because(err)
	case errors.Is(err, session.ErrEnded):
		s.noSession(r, err)
		return s.cleared(errUnauthorized, err)
	}
	return err
}

// cleared is the refusal of a session that has ended. It clears the cookie, unless
// the browser has just given that up for a newer one: this answer may be late.
func (s *Server) cleared(refusal *web.Error, err error) *web.Error {
	if errors.Is(err, session.ErrReplaced) {
		return refusal.Because(err)
	}
	return refusal.With("Set-Cookie", s.sessions.Cookie.Clear().String()).Because(err)
}

// ended answers that the session had ended when its request was about to act. The
// cookie is left alone: the next request will tell.
func ended(err error) error {
	if errors.Is(err, store.ErrSessionEnded) {
		return errUnauthorized.Because(err)
	}
	return err
}

// statusJSON is how Better Auth says that something was done.
type statusJSON struct {
	Status bool `json:"status" schema:"const=true"`
}

func done(w http.ResponseWriter) error {
	return web.WriteJSON(w, http.StatusOK, statusJSON{true})
}
