package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/opaque"
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

// notice is a mail that tells a user what has happened to their account.
func (s *Server) notice(u store.User, kind string) store.Mail {
	now := s.now().UTC()
	return store.Mail{Kind: kind, Recipient: u.Email, UserID: u.ID, CreatedAt: now, DueAt: now}
}

// changeEmail sends a link to the new address. The address changes when the link
// is followed, and not before: until then nobody has shown that it is theirs. For
// a taken address the answer is the same and the mail is dropped.
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
	e := s.eventOf(r, live, store.EventEmailChange)
	e.Email = next
	err := s.store.RequestEmailChange(r.Context(), store.Mail{
		Kind: store.MailChange, Recipient: live.User.Email, UserID: live.UserID, NewEmail: next, CallbackURL: target, CreatedAt: e.At, DueAt: e.At,
	}, e)
	if err != nil {
		return gone(err)
	}
	s.mail.Wake()
	return done(w)
}

// sendVerificationEmail queues the mail with the link that verifies an address. Who
// is not signed in learns nothing about the address.
func (s *Server) sendVerificationEmail(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r)
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
	if err := s.store.QueueMail(r.Context(), store.Mail{Kind: store.MailVerify, Recipient: email, CallbackURL: target, CreatedAt: now, DueAt: now}); err != nil {
		return err
	}
	s.mail.Wake()
	return done(w)
}

// verifyEmail is the link in the mails to an address. It is a GET that changes
// something, which is Better Auth's way and that of mail links; it signs nobody in
// and does nothing to the session of whoever follows it.
func (s *Server) verifyEmail(w http.ResponseWriter, r *http.Request) error {
	target, err := s.queryTarget(r)
	if err != nil {
		return err
	}
	token := r.URL.Query().Get("token")
	if token == "" {
		return web.Refuse(http.StatusBadRequest, "VALIDATION_ERROR", "[query.token] Invalid input: expected string, received undefined")
	}
	try := s.tryLink(r)
	if err := s.limit(r, try); err != nil {
		return err
	}
	user, replaced, err := s.store.VerifyEmail(r.Context(), opaque.Hash(token), s.now().UTC(), s.event(r, store.EventEmailVerified))
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
		refusal, err := s.deadLink(r, token)
		switch {
		case err != nil:
			return err
		case target == "":
			return refusal
		}
		redirect(w, withQuery(target, "error", refusal.Code))
		return nil
	}
	if err != nil {
		return err
	}
	web.NoteUser(r, user.ID)
	s.mail.Wake()
	s.succeeded(r, try)
	if target != "" {
		redirect(w, target)
		return nil
	}
	answer := verifiedJSON{Status: true}
	if replaced != "" {
		changed := toUserJSON(user)
		answer.User = &changed
	}
	return web.WriteJSON(w, http.StatusOK, answer)
}

// verifiedJSON has the user only where the address was changed, as Better Auth's.
type verifiedJSON struct {
	Status bool      `json:"status"`
	User   *userJSON `json:"user"`
}

// deadLink says why a verification link is refused: expired is told from unknown,
// because its owner then knows to ask for another.
func (s *Server) deadLink(r *http.Request, token string) (*web.Error, error) {
	v, err := s.store.VerificationByToken(r.Context(), store.PurposeVerify, opaque.Hash(token))
	if errors.Is(err, store.ErrNotFound) {
		v, err = s.store.VerificationByToken(r.Context(), store.PurposeChange, opaque.Hash(token))
	}
	switch {
	case err == nil && !s.now().Before(v.ExpiresAt):
		return web.Refuse(http.StatusUnauthorized, "TOKEN_EXPIRED", "Token expired"), nil
	case err == nil, errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalidText):
		return web.Refuse(http.StatusUnauthorized, "INVALID_TOKEN", "Invalid token"), nil
	}
	return nil, err
}
