package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/password"
	"vestibule/bff/session"
	"vestibule/bff/throttle"
	"vestibule/internal/web"
	"vestibule/store"
)

var (
	errPassword     = web.Refuse(http.StatusBadRequest, "INVALID_PASSWORD", "Invalid password")
	errNoCredential = web.Refuse(http.StatusBadRequest, "CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found")
)

// checkPassword makes sure that whoever uses the session also knows the password,
// and returns its hash. Guesses count against a limit of their own: somebody who
// has used the limit of sign-in up from outside must not lock the owner out here.
func (s *Server) checkPassword(r *http.Request, live *session.Live, pw string) (hash string, err error) {
	return s.provePassword(r, throttle.CheckPassword(live.UserID, live.Handle()), live.UserID, pw, s.eventOf(r, live, store.EventPasswordFailed))
}

// provePassword makes sure that a password is the user's, and returns its hash. The
// attempt is counted, and failed recorded where it is not.
func (s *Server) provePassword(r *http.Request, try throttle.Attempt, userID, pw string, failed store.Event) (hash string, err error) {
	ctx := r.Context()
	if err := s.limit(r, try); err != nil {
		return "", err
	}
	hash, err = s.store.PasswordHash(ctx, userID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", errNoCredential.Because(err)
	case err != nil:
		return "", err
	}
	ok, _, err := s.passwords.Verify(ctx, s.known(r, userID), pw, hash)
	switch {
	case errors.Is(err, password.ErrMalformedHash), err == nil && !ok:
		if err := s.store.Record(ctx, failed); err != nil {
			return "", err
		}
		return "", errPassword
	case err != nil:
		return "", s.passwordError(s.untried(r, try, err))
	}
	s.succeeded(r, try)
	return hash, nil
}

// verifyPassword says whether a password is the caller's, which then is proven in the
// session: for SESSION_FRESH_AGE what is sensitive needs no other proof.
func (s *Server) verifyPassword(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error {
	pw, _ := body.String("password")
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	hash, err := s.checkPassword(r, live, pw)
	if err != nil {
		return err
	}
	err = s.store.ProvePassword(r.Context(), hash, s.eventOf(r, live, store.EventPasswordProven))
	if errors.Is(err, store.ErrConflict) {
		return errPassword.Because(err) // it was changed while it was verified
	}
	if err != nil {
		return err
	}
	return done(w)
}

// changePassword gives the caller another password and another session secret, and
// ends their sessions elsewhere unless they ask for those to be kept: a password
// is often changed because somebody else has it.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error {
	current, _ := body.String("currentPassword")
	next, _ := body.String("newPassword")
	endOthers := true
	if body.Has("revokeOtherSessions") {
		endOthers, _ = body.Bool("revokeOtherSessions")
	}
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	if err := s.passwords.Check(next, live.User.Email); err != nil {
		return s.passwordError(err)
	}
	old, err := s.checkPassword(r, live, current)
	if err != nil {
		return err
	}
	hash, err := s.passwords.Hash(r.Context(), s.known(r, live.UserID), next)
	if err != nil {
		return s.passwordError(err)
	}
	var ended []string
	row, cookie, err := s.sessions.Start(r, live.UserID, live.RememberMe, func(row store.Session, replaces string) (err error) {
		ended, err = s.store.ChangePassword(r.Context(), store.PasswordChange{
			UserID: live.UserID, Old: old, New: hash, Session: row, Replaces: replaces, EndOthers: endOthers, At: row.CreatedAt,
		}, s.eventOf(r, live, store.EventPasswordChanged), store.Mailed(s.notice(live.User, store.MailPasswordChanged)))
		return err
	})
	switch {
	case errors.Is(err, store.ErrConflict):
		return errPassword.Because(err) // it was changed while this request was under way
	case err != nil:
		return gone(err)
	}
	s.sessions.Forget(ended...)
	s.mail.Wake()
	http.SetCookie(w, cookie)
	return web.WriteJSON(w, http.StatusOK, signedUpJSON{Token: &row.ID, User: toUserJSON(live.User)})
}
