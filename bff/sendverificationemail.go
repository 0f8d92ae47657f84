package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

var errOtherEmail = web.Refuse(http.StatusBadRequest, "EMAIL_MISMATCH", "Email mismatch: this is not the address of the signed-in user.")

var errVerified = web.Refuse(http.StatusBadRequest, "EMAIL_ALREADY_VERIFIED", "Email is already verified")

type sendVerificationEmailBody struct {
	Email       string  `json:"email" like:"Email"`
	CallbackURL *string `json:"callbackURL,omitempty" like:"Target"`
}

var sendVerificationDoc = endpoint.Doc{
	Tag: "mail", Summary: "Ask for a verification link",
	Row:     "200, the same for known and unknown addresses. Body: `email`; optional `callbackURL`",
	Limit:   "mail",
	Body:    &endpoint.Body{Text: "The address to verify", Examples: oneExample(sendVerificationEmailBody{exampleUser.Email, new("/welcome")})},
	Answers: []*endpoint.Answer{answers("If the address has an account and is not verified, a link is mailed. A client that is not signed in always gets this answer", statusJSON{true})},
	Errors:  []*web.Error{errOtherEmail, errVerified},
}

// sendVerificationEmail queues the mail with the link that verifies an address. The
// answer tells nobody whether the address has an account, unless they are signed in to it.
func (s *Server) sendVerificationEmail(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r, s.shareOf(r))
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
	m := store.Mail{Kind: store.MailVerify, Recipient: email, CallbackURL: target, CreatedAt: now, DueAt: now}
	if err := s.tx(r, "queue mail", func(tx *store.Tx) error { return tx.QueueMail(m) }); err != nil {
		return err
	}
	return done(w)
}
