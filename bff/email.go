package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/web"
	"vestibule/store"
)

// readEmail returns an address in the form in which it is stored.
func readEmail(body *web.Object, field string) string {
	address, is := body.String(field)
	if !is {
		return ""
	}
	email, ok := NormalEmail(address)
	if !ok {
		body.Reject(field, "expected an email address")
	}
	return email
}

var (
	errSameEmail  = web.Refuse(http.StatusBadRequest, "EMAIL_IS_THE_SAME", "Email is the same")
	errOtherEmail = web.Refuse(http.StatusBadRequest, "EMAIL_MISMATCH", "Email mismatch: this is not the address of the signed-in user.")
	errVerified   = web.Refuse(http.StatusBadRequest, "EMAIL_ALREADY_VERIFIED", "Email is already verified")
)

// notice is a mail that tells a user what has happened to their account.
func (s *Server) notice(u store.User, kind string) store.Mail {
	now := s.now().UTC()
	return store.Mail{Kind: kind, Recipient: u.Email, UserID: u.ID, CreatedAt: now, DueAt: now}
}

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
		return errSameEmail
	}
	if err := s.limit(r, s.tryMail(r, next)); err != nil {
		return err
	}
	e := s.eventOf(r, live, store.EventEmailChange)
	e.Email = next
	asked := s.notice(live.User, store.MailChangeAsked)
	confirm := asked
	confirm.Kind, confirm.NewEmail, confirm.CallbackURL = store.MailChange, next, target
	err := s.store.RequestEmailChange(r.Context(), asked, confirm, e)
	if err != nil {
		return gone(err)
	}
	s.mail.Wake()
	return done(w)
}

// sendVerificationEmail queues the mail with the link that verifies an address. Who
// is not signed in learns nothing about the address.
func (s *Server) sendVerificationEmail(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r, s.anybody(r))
	if err != nil {
		return err
	}
	email := readEmail(body, "email")
	target := optionalTarget(body, "callbackURL")
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	live, err := s.sessions.Read(r)
	switch {
	case errors.Is(err, session.ErrNone), errors.Is(err, session.ErrUnsigned), errors.Is(err, session.ErrEnded):
	case err != nil:
		return err
	case live.User.Email != email:
		return errOtherEmail
	case live.User.EmailVerified:
		return errVerified
	}
	if err := s.limit(r, s.tryMail(r, email)); err != nil {
		return err
	}
	now := s.now().UTC()
	if err := s.store.QueueMail(r.Context(), store.Mail{Kind: store.MailVerify, Recipient: email, CallbackURL: target, CreatedAt: now, DueAt: now}); err != nil {
		return err
	}
	s.mail.Wake()
	return done(w)
}
