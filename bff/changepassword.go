package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

type changePasswordBody struct {
	CurrentPassword     string `json:"currentPassword" like:"Password"`
	NewPassword         string `json:"newPassword" like:"NewPassword"`
	RevokeOtherSessions bool   `json:"revokeOtherSessions,omitempty" schema:"default=true"`
}

var changePasswordDoc = endpoint.Doc{
	Tag: "account", Summary: "Change the password",
	Row:    "200 `{token, user}` and a new cookie. Body: `currentPassword`, `newPassword`. The other sessions end unless `revokeOtherSessions` is false. The user gets a mail",
	Limit:  "check",
	Events: []string{store.EventPasswordChanged, store.EventPasswordFailed, store.EventSessionRevoked},
	Body:   &endpoint.Body{Text: "The current and the new password", Examples: oneExample(changePasswordBody{CurrentPassword: examplePassword, NewPassword: anotherPassword})},
	Answers: []*endpoint.Answer{answers("The password has changed. The caller has a new session secret in the cookie; the other sessions have ended unless `revokeOtherSessions` was false. The user gets a mail",
		signedUpJSON{new(exampleHandle), exampleUser}, setCookieAlways)},
	Errors: []*web.Error{exampleTooShort, errTooLong, errCommon, errPassword, errNoCredential},
}

// changePassword sets a new password and gives the session a new secret. It ends the
// user's other sessions unless the request asks to keep them: a password is often
// changed because somebody else knows it.
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
	hash, err := s.passwords.Hash(r.Context(), s.shareOfUser(r, live.UserID), next)
	if err != nil {
		return s.passwordError(err)
	}
	renewed := s.sessions.Prepare(r, live.UserID, live.RememberMe)
	e := s.eventOf(r, renewed.Session, store.EventPasswordChanged)
	err = s.act(r, "change password", s.eventOf(r, *live.Session, ""), func(tx *store.Tx) error {
		if err := tx.RequirePassword(live.UserID, old); err != nil {
			return err
		}
		if err := tx.SetPassword(live.UserID, hash, e.At); err != nil {
			return err
		}
		if err := tx.StartSession(renewed.Session, renewed.Replaces...); err != nil {
			return err
		}
		if err := recordAndNotify(tx, e, s.notice(*live.User, store.MailPasswordChanged)); err != nil {
			return err
		}
		if endOthers {
			if err := tx.RevokeSessions(live.UserID, renewed.TokenHash, e); err != nil {
				return err
			}
		}
		return tx.DropEmailChange(live.UserID)
	})
	switch {
	case errors.Is(err, store.ErrConflict):
		return errPassword.Because(err) // another request has changed it meanwhile
	case err != nil:
		return unauthorizedIfDeleted(err)
	}
	http.SetCookie(w, s.sessions.Started(renewed))
	return web.WriteJSON(w, http.StatusOK, signedUpJSON{Token: &renewed.ID, User: toUserJSON(*live.User)})
}
