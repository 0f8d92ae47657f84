package bff

import (
	"errors"
	"net/http"

	"github.com/gorilla/mux"

	"vestibule/internal/opaque"
	"vestibule/internal/web"
	"vestibule/store"
)

var errLink = web.Refuse(http.StatusBadRequest, "INVALID_TOKEN", "Invalid token: the link has expired or was used. Ask for a new one.")

// requestPasswordReset queues a mail and does not look whether anybody has the
// address: the mail's worker does. So the answer and its time are the same.
func (s *Server) requestPasswordReset(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	email := readEmail(body, "email")
	target := optionalTarget(body, "redirectTo")
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	if err := s.limit(r, s.tryMail(r, email)); err != nil {
		return err
	}
	e := s.event(r, store.EventResetRequested)
	e.Email = email
	err = s.store.Record(r.Context(), e, store.Mailed(store.Mail{
		Kind: store.MailReset, Recipient: email, CallbackURL: target, CreatedAt: e.At, DueAt: e.At,
	}))
	if err != nil {
		return err
	}
	s.mail.Wake()
	return web.WriteJSON(w, http.StatusOK, struct {
		Status  bool   `json:"status"`
		Message string `json:"message"`
	}{true, "If this email exists in our system, check your email for the reset link"})
}

// followReset is the link in the mail. It sends the browser to the page of the app
// that asks for the new password, and uses nothing up: mail scanners follow links
// too.
func (s *Server) followReset(w http.ResponseWriter, r *http.Request) error {
	target, err := s.queryTarget(r)
	if err != nil {
		return err
	}
	if target == "" {
		return web.Refuse(http.StatusBadRequest, "VALIDATION_ERROR", "[query.callbackURL] Invalid input: expected string, received undefined")
	}
	token := mux.Vars(r)["token"]
	next := withQuery(s.absolute(target), "token", token)
	switch _, live, err := s.linkLives(r, store.PurposeReset, token); {
	case err != nil:
		return err
	case !live:
		next = withQuery(s.absolute(target), "error", "INVALID_TOKEN")
	}
	redirect(w, next)
	return nil
}

// linkLives says whether a token would still be accepted, and whose address it was
// sent to.
func (s *Server) linkLives(r *http.Request, purpose, token string) (email string, live bool, err error) {
	v, err := s.store.VerificationByToken(r.Context(), purpose, opaque.Hash(token))
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText) {
		return "", false, nil
	}
	return v.Email, err == nil && s.now().Before(v.ExpiresAt), err
}

// redirect sends the browser on. The body that http.Redirect would write is HTML.
// No page that is reached by a link with a token in it may tell others of it.
func redirect(w http.ResponseWriter, target string) {
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusFound)
}

// resetPassword sets the password of whoever got the mail, and signs them out
// everywhere: whoever had the old one may be signed in too.
func (s *Server) resetPassword(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	next, _ := body.String("newPassword")
	token := r.URL.Query().Get("token")
	if body.Has("token") && !body.IsNull("token") {
		token, _ = body.String("token")
	}
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	if token == "" {
		return errLink
	}
	if err := s.passwords.Check(next, ""); err != nil { // the rest of it once we know who they are
		return s.passwordError(err)
	}
	try := s.tryLink(r)
	if err := s.limit(r, try); err != nil {
		return err
	}
	email, live, err := s.linkLives(r, store.PurposeReset, token) // before the work of a hash
	switch {
	case err != nil:
		return err
	case !live:
		return errLink
	}
	if err := s.passwords.Check(next, email); err != nil {
		return s.passwordError(err)
	}
	hash, err := s.passwords.Hash(r.Context(), next)
	if err != nil {
		return s.passwordError(err)
	}
	now := s.now().UTC()
	userID, ended, err := s.store.ResetPassword(r.Context(), opaque.Hash(token), hash, now, s.event(r, store.EventPasswordReset),
		store.MailedOwner(store.Mail{Kind: store.MailPasswordChanged, CreatedAt: now, DueAt: now}))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errLink.Because(err)
	case err != nil:
		return err
	}
	web.NoteUser(r, userID)
	s.sessions.Forget(ended...)
	s.mail.Wake()
	s.succeeded(r, try)
	return done(w)
}
