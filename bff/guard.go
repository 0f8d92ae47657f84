package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/web"
	"vestibule/store"
)

// The checks of a signed-in user's request, in this order:
//
//   - Without a live session the request is refused before its body is read. So a
//     stranger learns nothing about the endpoint's input and takes no memory.
//   - The whole body is read. A client may take half an hour for that, so the earlier
//     check no longer counts.
//   - The session and its user are read again from the database.
//   - Sensitive requests need a password that was recently proven in this session. A
//     stolen cookie, or a browser that was left open, is not enough.
//   - The transaction that makes the change requires the session's row again (store).

// errUnauthorized is Better Auth's answer to a request without a session.
var errUnauthorized = web.Refuse(http.StatusUnauthorized, "UNAUTHORIZED", "Unauthorized")

// errNotFresh has Better Auth's code and asks for the password.
var errNotFresh = web.Refuse(http.StatusForbidden, "SESSION_NOT_FRESH",
	"Session is not fresh: prove the password with /verify-password and send the request again.")

// member handles a request of a signed-in user. body is nil for a GET, and also if an
// optional body was not sent.
type member func(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error

// signedIn calls h only for signed-in users. The answer sets no cookie, even if the
// session was extended: a delayed answer could overwrite a newer cookie. Only a cookie that
// is signed with a previous secret is signed again.
func (s *Server) signedIn(read bodyReader, h member) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		first, from, err := s.sender(r)
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
		w = &cookieWriter{w, func() *http.Cookie { return s.sessions.SignedAgain(r.Context(), first) }}
		return ended(h(w, r, live, body))
	}
}

// sender returns the live session of r as it is before the body is read, and the share for
// which the body is read.
func (s *Server) sender(r *http.Request) (*session.Live, share, error) {
	live, err := s.sessions.Check(r)
	if err != nil {
		return nil, share{}, s.unauthorized(r, err)
	}
	return live, s.shareOfUser(r, live.UserID), nil
}

// cookieWriter adds a cookie to an answer. It asks for the cookie when the answer begins: if
// the handler has ended or replaced the session and sets the cookie itself, there is no other.
type cookieWriter struct {
	http.ResponseWriter
	cookie func() *http.Cookie // may return nil
}

func (w *cookieWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *cookieWriter) WriteHeader(status int) {
	if cookie := w.cookie(); cookie != nil {
		http.SetCookie(w, cookie)
	}
	w.ResponseWriter.WriteHeader(status)
}

// fresh calls h only if the password was recently proven in the session.
func (s *Server) fresh(h member) member {
	return func(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error {
		if !s.sessions.Proven(live) {
			return errNotFresh
		}
		return h(w, r, live, body)
	}
}

// unauthorized turns a session error into the answer 401. It returns other errors unchanged.
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

// cleared returns the refusal for a session that has ended. It clears the cookie, unless
// the session was just replaced by a newer one: a delayed answer would clear the newer
// cookie. It does not clear a cookie that another instance may have signed with a secret
// that this one does not know.
func (s *Server) cleared(refusal *web.Error, err error) *web.Error {
	if errors.Is(err, session.ErrReplaced) || errors.Is(err, session.ErrUnsigned) && s.strangeSecret.Load() {
		return refusal.Because(err)
	}
	return refusal.With("Set-Cookie", s.sessions.Cookie.Clear().String()).Because(err)
}

// ended turns the store's error that the session has ended during the request into the
// answer 401. It does not clear the cookie: the answer to the next request will.
func ended(err error) error {
	if errors.Is(err, store.ErrSessionEnded) {
		return errUnauthorized.Because(err)
	}
	return err
}

// statusJSON is Better Auth's answer to a successful change.
type statusJSON struct {
	Status bool `json:"status" schema:"const=true"`
}

func done(w http.ResponseWriter) error {
	return web.WriteJSON(w, http.StatusOK, statusJSON{true})
}
