package bff

import (
	"errors"
	"net/http"

	"github.com/gorilla/mux"

	"vestibule/bff/linkpage"
	"vestibule/internal/web"
	"vestibule/store"
)

var errLink = web.Refuse(http.StatusBadRequest, "INVALID_TOKEN", "Invalid token: the link has expired or was used. Ask for a new one.")

// followReset is the link in the mail. It sends the browser to the page of the app
// that asks for the new password, or shows one of ours when whoever has asked for the
// mail named none. It consumes nothing: mail scanners follow links too.
func (s *Server) followReset(w http.ResponseWriter, r *http.Request) error {
	target, err := s.queryTarget(r)
	if err != nil {
		return err
	}
	token := mux.Vars(r)["token"]
	switch {
	case target == "" && wantsPage(r):
		_, err := s.resetLink(r, token)
		return s.ask(w, err, linkpage.Page{Kind: linkpage.Reset, Token: token})
	case target == "":
		return web.Refuse(http.StatusBadRequest, "VALIDATION_ERROR", "[query.callbackURL] Invalid input: expected string, received undefined")
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

// resetLink returns the link that a token belongs to, if it is still good.
func (s *Server) resetLink(r *http.Request, token string) (store.Link, error) {
	link, err := s.mailedLink(r, token, store.PurposeReset)
	if refusal, refused := refusedLink(err); refused {
		return link, errLink.Because(refusal)
	}
	return link, err
}

// resetPassword sets the password of whoever got the mail, and signs them out
// everywhere: whoever had the old one may be signed in too. Only the browser that asks
// stays signed in, if it is, under another secret.
func (s *Server) resetPassword(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r, s.anybody(r))
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
	if err := s.passwords.Check(next, ""); err != nil { // the rest of it once we know who they are
		return s.passwordError(err)
	}
	link, err := s.resetLink(r, token) // before the work of a hash
	if err != nil {
		return err
	}
	if err := s.passwords.Check(next, link.Email); err != nil {
		return s.passwordError(err)
	}
	hash, err := s.passwords.Hash(r.Context(), s.known(r, link.UserID), next)
	if err != nil {
		return s.passwordError(err)
	}
	reset, cookie, err := s.reset(r, link, hash)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errLink.Because(err)
	case err != nil:
		return err
	}
	web.NoteUser(r, reset.UserID)
	s.sessions.Forget(reset.Ended...)
	s.mail.Wake()
	s.proven(r, reset.Email, reset.UserID)
	if reset.Renewed {
		http.SetCookie(w, cookie)
	}
	return done(w)
}

// reset sets the password. The cookie is that of the session that stays, if one does.
func (s *Server) reset(r *http.Request, link store.Link, hash string) (reset store.Reset, cookie *http.Cookie, err error) {
	now := s.now().UTC()
	set := func(renew *store.Renewal) (err error) {
		reset, err = s.store.ResetPassword(r.Context(), link.TokenHash, hash, now, renew, s.event(r, store.EventPasswordReset),
			store.MailedOwner(store.Mail{Kind: store.MailPasswordChanged, CreatedAt: now, DueAt: now}))
		return err
	}
	live, err := s.ownSession(r, link.UserID)
	if err != nil {
		return reset, nil, err
	}
	if live == nil {
		return reset, nil, set(nil)
	}
	_, cookie, err = s.sessions.Start(r, live.UserID, live.RememberMe, func(row store.Session, replaces string) error {
		return set(&store.Renewal{Session: row, Replaces: replaces})
	})
	return reset, cookie, err
}
