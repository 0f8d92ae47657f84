package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/web"
	"vestibule/store"
)

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
	return web.WriteJSON(w, http.StatusOK, signedInJSON{Token: &row.ID, User: toUserJSON(live.User)})
}
