package bff

import (
	"net/http"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

type requestPasswordResetBody struct {
	Email      string  `json:"email" like:"Email"`
	RedirectTo *string `json:"redirectTo,omitempty" like:"Target"`
}

type statusMessageJSON struct {
	Status  bool   `json:"status" schema:"const=true"`
	Message string `json:"message"`
}

var resetAsked = statusMessageJSON{true, "If this email exists in our system, check your email for the reset link"}

var requestResetDoc = endpoint.Doc{
	Tag: "mail", Summary: "Ask for a reset link",
	Row:     "200, the same for known and unknown addresses. Body: `email`; optional `redirectTo`. For an address that is kept after a change, the mail has the link that undoes the change",
	Limit:   "mail",
	Events:  []string{store.EventResetRequested},
	Body:    &endpoint.Body{Text: "The address of the account", Examples: oneExample(requestPasswordResetBody{exampleUser.Email, new("/new-password")})},
	Answers: []*endpoint.Answer{answers("If the address has an account, a link is mailed. The answer is the same for known and unknown addresses", resetAsked)},
}

// requestPasswordReset queues a mail without checking whether the address has an
// account: the outbox checks that later. So the answer and its time are always the same.
func (s *Server) requestPasswordReset(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r, s.shareOf(r))
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
	m := store.Mail{Kind: store.MailReset, Recipient: email, CallbackURL: target, CreatedAt: e.At, DueAt: e.At}
	if err := s.tx(r, "ask for a reset", func(tx *store.Tx) error { return recordAndNotify(tx, e, m) }); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, resetAsked)
}
