package bff

import (
	"errors"
	"net/http"

	"github.com/gorilla/mux"

	"vestibule/bff/linkpage"
	"vestibule/bff/session"
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

// reset sets the password, and makes the address a verified one: whoever reads its mail
// has chosen the password. It returns the session that takes the place of the caller's
// own, or nil if they have none, or it has ended by now.
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

// renew replaces a session by another one of the same user. It returns nil if own is nil,
// or has ended by now.
func (s *Server) renew(r *http.Request, tx *store.Tx, own *session.Live) (*session.Next, error) {
	if own == nil {
		return nil, nil
	}
	err := tx.RequireSession(s.eventOf(r, own.Session, ""))
	if errors.Is(err, store.ErrSessionEnded) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	renewed := s.sessions.Prepare(r, own.UserID, own.RememberMe)
	return renewed, tx.StartSession(renewed.Session, renewed.Replaces...)
}
