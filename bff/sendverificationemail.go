package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/web"
	"vestibule/store"
)

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
		return web.Refuse(http.StatusBadRequest, "EMAIL_MISMATCH", "Email mismatch: this is not the address of the signed-in user.")
	case live.User.EmailVerified:
		return web.Refuse(http.StatusBadRequest, "EMAIL_ALREADY_VERIFIED", "Email is already verified")
	}
	if err := s.limit(r, s.tryMail(r, email)); err != nil {
		return err
	}
	now := s.now().UTC()
	m := store.Mail{Kind: store.MailVerify, Recipient: email, CallbackURL: target, CreatedAt: now, DueAt: now}
	if err := s.tx(r, "queue mail", func(tx *store.Tx) error { return tx.QueueMail(m) }); err != nil {
		return err
	}
	return done(w)
}
