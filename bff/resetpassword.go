package bff

import (
	"errors"
	"net/http"

	"github.com/gorilla/mux"

	"vestibule/bff/linkpage"
	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

var errLink = web.Refuse(http.StatusBadRequest, "INVALID_TOKEN", "Invalid token: the link has expired or was used. Ask for a new one.")

var errNoCallback = web.Refuse(http.StatusBadRequest, "VALIDATION_ERROR", "[query.callbackURL] Invalid input: expected string, received undefined")

var followResetDoc = endpoint.Doc{
	Tag: "mail", Summary: "Follow a reset link",
	Row:     "the link in that mail: 302 to its `callbackURL` with `?token=` or `?error=INVALID_TOKEN`. If no `redirectTo` was given, a browser gets our page that asks for the new password. Does not consume the link",
	Text:    "The link in the mail. It redirects to its `callbackURL`, with `?token=` or `?error=INVALID_TOKEN`. Without a `callbackURL` a browser gets a page that asks for the new password. The request does not consume the link.",
	Params:  []*endpoint.Param{inQuery("callbackURL", "The app's page for the new password", false, "/new-password")},
	Answers: []*endpoint.Answer{page("The page that asks for the new password"), redirected},
	Errors:  []*web.Error{errNoCallback, errLinkTarget},
	Texts:   map[int]string{400: "`callbackURL` is missing, and the client is not a browser", 403: "`callbackURL` is not allowed"},
}

// followReset answers the link in the mail. It sends the browser to the app's page that
// asks for the new password. If the request for the mail named no page, it shows our own
// page. It does not consume the token: mail scanners follow links too.
func (s *Server) followReset(w http.ResponseWriter, r *http.Request) error {
	target, err := s.queryTarget(r)
	if err != nil {
		return err
	}
	token := mux.Vars(r)["token"]
	switch {
	case target == "" && wantsPage(r):
		_, err := s.resetLink(r, token)
		return s.showLinkPage(w, err, linkpage.Page{Kind: linkpage.Reset, Token: token})
	case target == "":
		return errNoCallback
	}
	next := withQuery(s.absolute(target), "token", token)
	_, err = s.resetLink(r, token)
	if _, refused := refusedLink(err); refused {
		next = withQuery(s.absolute(target), "error", "INVALID_TOKEN")
	} else if err != nil {
		return err
	}
	redirect(w, next)
	return nil
}

// resetLink returns the link of a token, if the link is still valid.
func (s *Server) resetLink(r *http.Request, token string) (store.Link, error) {
	link, err := s.mailedLink(r, token, store.PurposeReset)
	if refusal, refused := refusedLink(err); refused {
		return link, errLink.Because(refusal)
	}
	return link, err
}

type resetPasswordBody struct {
	NewPassword string  `json:"newPassword" like:"NewPassword"`
	Token       *string `json:"token,omitempty" like:"LinkToken"`
}

var resetPasswordDoc = endpoint.Doc{
	Tag: "mail", Summary: "Set a new password",
	Row:     "200. Body: `newPassword`, `token`. All sessions end. A browser that is signed in to the account stays signed in, with a new secret and cookie. The address counts as verified, and blocks of the account's sign-in end",
	Events:  []string{store.EventPasswordReset},
	Params:  []*endpoint.Param{inQuery("token", "The token of the link. The one in the body takes precedence", false, nil)},
	Body:    &endpoint.Body{Text: "The new password, and the token of the link", Examples: oneExample(resetPasswordBody{anotherPassword, new(exampleLink)})},
	Answers: []*endpoint.Answer{answers("The password is set. All sessions have ended. A caller who is signed in to the account stays signed in and gets a new session secret", statusJSON{true}, setCookie)},
	Errors:  []*web.Error{exampleTooShort, errTooLong, errCommon, errLink},
}

// resetPassword sets a new password for the user who got the mail. It ends all their
// sessions: an attacker who knew the old password may be signed in. A browser that
// is signed in to this account stays signed in and gets a new session secret.
func (s *Server) resetPassword(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r, s.shareOf(r))
	if err != nil {
		return err
	}
	next, _ := body.String("newPassword")
	token := web.QueryValue(r, "token")
	if body.Has("token") && !body.IsNull("token") {
		token, _ = body.String("token")
	}
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	if token == "" {
		return errLink
	}
	if err := s.passwords.Check(next, ""); err != nil { // checked again below, with the user's address
		return s.passwordError(err)
	}
	link, err := s.resetLink(r, token) // before the expensive hash
	if err != nil {
		return err
	}
	if err := s.passwords.Check(next, link.Email); err != nil {
		return s.passwordError(err)
	}
	hash, err := s.passwords.Hash(r.Context(), s.shareOfUser(r, link.UserID), next)
	if err != nil {
		return s.passwordError(err)
	}
	renewed, err := s.reset(r, link, hash)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errLink.Because(err)
	case err != nil:
		return err
	}
	web.NoteUser(r, link.UserID)
	s.proven(r, link.Email, link.UserID)
	if renewed != nil {
		http.SetCookie(w, s.sessions.Started(renewed))
	}
	return done(w)
}

// reset sets the password and marks the address as verified: its owner has read the mail
// and chosen the password. It returns the session that replaces the caller's session, or
// nil if the caller has no live session of this account.
func (s *Server) reset(r *http.Request, link store.Link, hash string) (renewed *session.Next, err error) {
	own, err := s.ownSession(r, link.UserID)
	if err != nil {
		return nil, err
	}
	e := s.event(r, store.EventPasswordReset)
	err = s.tx(r, "reset password", func(tx *store.Tx) error {
		link, err := tx.FollowLink(link.TokenHash, e.At, store.PurposeReset)
		if err != nil {
			return err
		}
		if renewed, err = s.renew(r, tx, own); err != nil {
			return err
		}
		except := ""
		if renewed != nil {
			except = renewed.TokenHash
		}
		if err := tx.ResetPassword(link.UserID, hash, except, e); err != nil {
			return err
		}
		if err := tx.VerifyAddress(link.UserID, e.At); err != nil {
			return err
		}
		return tx.QueueMail(s.notice(link.User, store.MailPasswordChanged))
	})
	return renewed, err
}

// renew replaces a session by a new one of the same user. It returns nil if own is nil
// or has ended.
func (s *Server) renew(r *http.Request, tx *store.Tx, own *session.Live) (*session.Next, error) {
	if own == nil {
		return nil, nil
	}
	err := tx.RequireSession(s.eventOf(r, *own.Session, ""))
	if errors.Is(err, store.ErrSessionEnded) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	renewed := s.sessions.Prepare(r, own.UserID, own.RememberMe)
	return renewed, tx.StartSession(renewed.Session, renewed.Replaces...)
}
