package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/linkpage"
	"vestibule/internal/web"
	"vestibule/store"
)

// The mails that tell a user of a change of their address have a link that stops the
// change, or undoes it for a week. Whoever asked for it had a session of the account,
// and may know its password; so the link ends all sessions, whoever is signed in, and
// lets the owner of the mailbox choose a password at once.

// askUndo is the link. It only asks: programs that look through mails follow links.
func (s *Server) askUndo(w http.ResponseWriter, r *http.Request) error {
	token := web.QueryValue(r, "token")
	if token == "" {
		return web.Refuse(http.StatusBadRequest, "VALIDATION_ERROR", "[query.token] Invalid input: expected string, received undefined")
	}
	_, err := s.mailedLink(r, token, store.PurposeUndo)
	return s.ask(w, err, linkpage.Page{Kind: linkpage.Undo, Token: token})
}

// undoEmail stops or undoes the change. Done twice it is done; a second password needs
// another link.
func (s *Server) undoEmail(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r, s.anybody(r))
	if err != nil {
		return err
	}
	token, _ := body.String("token")
	next := optionalText(body, "newPassword")
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	if next != nil {
		if err := s.passwords.Check(*next, ""); err != nil {
			return s.passwordError(err)
		}
	}
	link, err := s.mailedLink(r, token, store.PurposeUndo)
	if err != nil {
		return err
	}
	hash := ""
	if next != nil {
		if link.Done() {
			return errDeadLink
		}
		if err := s.passwords.Check(*next, link.Email); err != nil {
			return s.passwordError(err)
		}
		if hash, err = s.passwords.Hash(r.Context(), s.known(r, link.UserID), *next); err != nil {
			return s.passwordError(err)
		}
	}
	var undone store.Undone
	err = s.tx(r, "undo e-mail change", func(tx *store.Tx) (err error) {
		undone, err = tx.UndoEmailChange(link.TokenHash, hash, s.event(r, store.EventEmailUndone))
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errDeadLink.Because(err)
	case err != nil:
		return err
	}
	web.NoteUser(r, undone.User.ID)
	if hash != "" {
		s.proven(r, undone.User.Email, undone.User.ID)
	}
	return done(w)
}
