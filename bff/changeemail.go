package bff

import (
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

var errSameEmail = web.Refuse(http.StatusBadRequest, "EMAIL_IS_THE_SAME", "Email is the same")

type changeEmailBody struct {
	NewEmail    string  `json:"newEmail" like:"Email"`
	CallbackURL *string `json:"callbackURL,omitempty" like:"Target"`
}

var changeEmailDoc = endpoint.Doc{
	Tag: "mail", Summary: "Ask for another address",
	Row:     "200, for a taken address too. Body: `newEmail`; optional `callbackURL`. The old address is told first, with a link that stops the change and can undo it for 7 days. Then the new address gets a link that confirms it, valid for an hour and while the session that asked is live. Nothing changes until that link is followed",
	Limit:   "mail",
	Events:  []string{store.EventEmailChange},
	Body:    &endpoint.Body{Text: "The new address", Examples: oneExample(changeEmailBody{"augusta@example.com", new("/account")})},
	Answers: []*endpoint.Answer{answers("The new address gets a link, and the address changes when the link is followed. The old address gets a notice. The answer is the same for a taken address, which gets no link", statusJSON{true})},
	Errors:  []*web.Error{errSameEmail},
}

// changeEmail sends a link to the new address. The address changes only when the link
// is followed, which proves that the new address is the user's. The old address gets a
// mail first, with a link that stops the change. If the new address has an account
// already, the answer is the same, but no mail is sent to it.
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
	e := s.eventOf(r, *live.Session, store.EventEmailChange)
	e.Email = next
	asked := s.notice(*live.User, store.MailChangeAsked)
	confirm := asked
	confirm.Kind, confirm.NewEmail, confirm.CallbackURL = store.MailChange, next, target
	err := s.act(r, "request e-mail change", e, func(tx *store.Tx) error { return tx.RequestEmailChange(asked, confirm, e) })
	if err != nil {
		return unauthorizedIfDeleted(err)
	}
	return done(w)
}
