package bff

import (
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/web"
	"vestibule/store"
)

// changeEmail sends a link to the new address. The address changes when the link
// is followed, and not before: until then nobody has shown that it is theirs. The
// address before is told first, with a link that stops the change. For a taken address
// the answer is the same and the mail to it is dropped.
func (s *Server) changeEmail(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error {
	next := readEmail(body, "newEmail")
	target := optionalTarget(body, "callbackURL")
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	if next == live.User.Email {
		return web.Refuse(http.StatusBadRequest, "EMAIL_IS_THE_SAME", "Email is the same")
	}
	if err := s.limit(r, s.tryMail(r, next)); err != nil {
		return err
	}
	e := s.eventOf(r, live.Session, store.EventEmailChange)
	e.Email = next
	asked := s.notice(live.User, store.MailChangeAsked)
	confirm := asked
	confirm.Kind, confirm.NewEmail, confirm.CallbackURL = store.MailChange, next, target
	err := s.act(r, "request e-mail change", e, func(tx *store.Tx) error { return tx.RequestEmailChange(asked, confirm, e) })
	if err != nil {
		return gone(err)
	}
	return done(w)
}
