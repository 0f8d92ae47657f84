package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/linkpage"
	"vestibule/bff/session"
	"vestibule/bff/throttle"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

// The rules of the link that confirms an address: the current address of an account, or
// its new one.
//
//   - A click proves that the visitor owns the mailbox. It does not prove that they own
//     the account. An attacker can sign up with a victim's address and a password that
//     the attacker knows. The victim's click alone would then verify that account.
//   - So the link takes effect only with a proof: a live session of the account, its
//     password, or a new password.
//   - Only the link to the current address accepts a new password. It replaces one that
//     an attacker may have chosen. The link to a new address does not: that address may
//     be mistyped.
//   - A change of address also requires that the session that asked for it is still alive.
//   - Before it expires, a link that has taken effect may be followed again. The answer
//     is the same, needs no proof and changes nothing. Only a new password is refused.

var errPasswordNeeded = web.Refuse(http.StatusForbidden, "PASSWORD_REQUIRED",
	"The link alone is not enough: open it where you are signed in, or POST {token, password} here, or {token, newPassword} to set a new password.")

var errCurrentPasswordNeeded = web.Refuse(http.StatusForbidden, "PASSWORD_REQUIRED",
	"The link alone is not enough: open it where you are signed in, or POST {token, password} here.")

var verifyEmailDoc = endpoint.Doc{
	Tag: "mail", Summary: "Follow a verification link",
	Row:    "the link in that mail, and in the mail to a new address: `token`, optional `callbackURL`. In a browser that is signed in to the account: 302 to `callbackURL`, or 200 `{status, user}`. In any other browser: a page that asks for the password, or for a new one. Without `text/html` in `Accept`: 403 `PASSWORD_REQUIRED`. Followed again, the link gives the same answer and changes nothing",
	Events: []string{store.EventEmailVerified, store.EventEmailChanged},
	Text: "The link in the mail. It takes effect if the browser is signed in to the account. Any other browser gets a page that asks for the password, or for a new one. Other clients get a 403. " +
		"Followed again, it gives the same answer and changes nothing. With a `callbackURL` the browser is sent there, with `?error=` if the link is not valid.",
	Params: []*endpoint.Param{linkParam, inQuery("callbackURL", "Where the browser continues", false, "/welcome")},
	Answers: []*endpoint.Answer{{
		Status: 200, Text: "The address is verified. `user` is present only if the address has changed. As HTML, the page that asks for a password", Types: []string{"text/html"},
		Examples: []endpoint.Example{{Name: "verified", Value: verifiedJSON{Status: true}}, {Name: "changed", Value: verifiedJSON{true, &exampleUser}}},
	}, redirected},
	Errors: []*web.Error{errNoToken, errDeadLink, errLinkExpired, errLinkTarget, errPasswordNeeded},
	Texts: map[int]string{
		400: "`token` is missing", 401: "The link is unknown, has expired, or is no longer valid. With a `callbackURL` the browser is sent there with the code instead",
		403: "`callbackURL` is not allowed, or the link needs a password",
	},
}

// verifyEmail answers the link in the mail to an address. It is a GET that changes
// something: Better Auth and links in mails work like that. It signs nobody in and does
// not change the visitor's session.
func (s *Server) verifyEmail(w http.ResponseWriter, r *http.Request) error {
	target, err := s.queryTarget(r)
	if err != nil {
		return err
	}
	token := web.QueryValue(r, "token")
	if token == "" {
		return errNoToken
	}
	answer, err := s.followVerification(w, r, token, target)
	refusal, refused := errors.AsType[*web.Error](err)
	switch {
	case refused && refusal.Status == http.StatusUnauthorized && target != "":
		redirect(w, withQuery(target, "error", refusal.Code))
		return nil
	case err != nil || answer == nil:
		return err
	case target != "":
		redirect(w, target)
		return nil
	}
	return web.WriteJSON(w, http.StatusOK, answer)
}

// followVerification lets the link take effect if the request has a live session of the
// account. Otherwise it shows a browser the page that asks for a password, and returns nil.
func (s *Server) followVerification(w http.ResponseWriter, r *http.Request, token, target string) (*verifiedJSON, error) {
	link, err := s.mailedLink(r, token, store.PurposeVerify, store.PurposeChange)
	if err != nil {
		return nil, err
	}
	if link.Done() {
		return &verifiedJSON{Status: true}, nil
	}
	live, err := s.ownSession(r, link.UserID)
	switch {
	case err != nil:
		return nil, err
	case live != nil:
		return s.verify(r, link, store.Proof{Session: live.ID})
	case !wantsPage(r):
		return nil, passwordNeeded(link)
	}
	page := linkpage.Page{Kind: linkpage.Verify, Site: s.name(), Shortest: s.cfg.PasswordMinLength, Token: token, Username: link.Email, Next: target}
	if link.Purpose == store.PurposeChange {
		page.Kind, page.Username = linkpage.Change, link.NewEmail
	}
	return nil, page.Write(w)
}

func passwordNeeded(link store.Link) *web.Error {
	if link.Purpose == store.PurposeChange {
		return errCurrentPasswordNeeded
	}
	return errPasswordNeeded
}

type proveEmailBody struct {
	Token       string  `json:"token" like:"LinkToken"`
	Password    *string `json:"password,omitempty" doc:"The account's password"`
	NewPassword *string `json:"newPassword,omitempty" doc:"The new password; cannot be combined with password"`
}

var proveEmailDoc = endpoint.Doc{
	Tag: "mail", Summary: "Follow a verification link with a password",
	Row:    "200 `{status, user}`. That page sends it. Body: `token`, and `password` or `newPassword`. `newPassword` replaces the password and ends all sessions; it is refused for a change of address, and is a 401 after the address was confirmed",
	Limit:  "check",
	Events: []string{store.EventEmailVerified, store.EventEmailChanged, store.EventPasswordFailed},
	Text:   "The page behind the link sends this request. `newPassword` replaces the password and ends all sessions. It cannot be set with a change of address.",
	Body: &endpoint.Body{Text: "The token of the link, and a proof that the caller owns the account: `password`, or `newPassword`. With neither, the session is the proof", Examples: []endpoint.Example{
		{Name: "known", Value: proveEmailBody{Token: exampleLink, Password: new(examplePassword)}}, {Name: "new", Value: proveEmailBody{Token: exampleLink, NewPassword: new(anotherPassword)}},
	}},
	Answers: []*endpoint.Answer{answers("The address is verified. `user` is present only if the address has changed", verifiedJSON{Status: true})},
	Errors:  []*web.Error{exampleTooShort, errTooLong, errCommon, errPassword, errNoCredential, errDeadLink, errLinkExpired, errPasswordNeeded},
	Texts: map[int]string{
		401: "The link is unknown, has expired, or is no longer valid", 403: "The origin or the target is not allowed, or the link needs a password",
	},
}

// proveEmail follows the link together with a proof that the visitor owns the account.
func (s *Server) proveEmail(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r, s.shareOf(r))
	if err != nil {
		return err
	}
	token, _ := body.String("token")
	pw, next := optionalText(body, "password"), optionalText(body, "newPassword")
	if pw != nil && next != nil {
		body.Reject("newPassword", "expected either password or newPassword")
	}
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	if next != nil {
		if err := s.passwords.Check(*next, ""); err != nil {
			return s.passwordError(err)
		}
	}
	link, err := s.mailedLink(r, token, store.PurposeVerify, store.PurposeChange)
	if err != nil {
		return err
	}
	if next != nil {
		if err := s.passwords.Check(*next, link.Email); err != nil {
			return s.passwordError(err)
		}
	}
	if next != nil && link.Done() {
		return errDeadLink // a second password needs another link
	}
	var proof store.Proof
	if !link.Done() {
		if proof, err = s.prove(r, link, pw, next); err != nil {
			return err
		}
	}
	answer, err := s.verify(r, link, proof)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, answer)
}

// prove returns the visitor's proof. Without a password the proof is their session, if it
// belongs to the account.
func (s *Server) prove(r *http.Request, link store.Link, pw, next *string) (proof store.Proof, err error) {
	switch {
	case pw != nil:
		e := s.event(r, store.EventPasswordFailed)
		e.UserID = link.UserID
		proof.Password, err = s.provePassword(r, throttle.CheckLink(link.UserID), link.UserID, *pw, e)
	case next != nil && link.Purpose == store.PurposeVerify:
		if err := s.passwords.Check(*next, link.Email); err != nil {
			return proof, s.passwordError(err)
		}
		if proof.NewPassword, err = s.passwords.Hash(r.Context(), s.shareOfUser(r, link.UserID), *next); err != nil {
			err = s.passwordError(err)
		}
	case next == nil:
		var live *session.Live
		if live, err = s.ownSession(r, link.UserID); live != nil {
			proof.Session = live.ID
		} else if err == nil {
			err = passwordNeeded(link)
		}
	default: // with a session, the new password would be ignored
		err = passwordNeeded(link)
	}
	return proof, err
}

// verifiedJSON is Better Auth's answer. It has the user only if the address has changed.
type verifiedJSON struct {
	Status bool      `json:"status" schema:"const=true"`
	User   *userJSON `json:"user"`
}

func (s *Server) verify(r *http.Request, link store.Link, proof store.Proof) (*verifiedJSON, error) {
	var v store.Verified
	err := s.tx(r, "verify e-mail", func(tx *store.Tx) (err error) {
		v, err = tx.VerifyEmail(link.TokenHash, proof, s.event(r, store.EventEmailVerified))
		return err
	})
	switch {
	case errors.Is(err, store.ErrUnproven): // the session has ended, or the password was changed, meanwhile
		return nil, passwordNeeded(link).Because(err)
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrConflict):
		return nil, errDeadLink.Because(err)
	case err != nil:
		return nil, err
	}
	web.NoteUser(r, v.User.ID)
	if proof.NewPassword != "" && !v.Already {
		s.proven(r, v.User.Email, v.User.ID)
	}
	answer := &verifiedJSON{Status: true}
	if v.Replaced != "" {
		changed := toUserJSON(v.User)
		answer.User = &changed
	}
	return answer, nil
}
