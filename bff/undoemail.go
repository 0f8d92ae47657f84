package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/linkpage"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

// The mails about a change of address have a link that stops the change, or undoes it for
// a week. An attacker who asked for the change had a session of the account, and may know
// its password. So the link ends all sessions and lets the owner of the mailbox choose a
// new password at once.

var askUndoDoc = endpoint.Doc{
	Tag: "mail", Summary: "Ask whether to undo a change of address",
	Row:     "the link in the mails about a change of address: a page with a button, or a page that says that the link no longer works",
	Text:    "The link in the mails about a change of address. It shows a page with a button, and changes nothing.",
	Params:  []*endpoint.Param{linkParam},
	Answers: []*endpoint.Answer{page("The page")},
	Errors:  []*web.Error{errNoToken},
	Texts:   map[int]string{400: "`token` is missing"},
}

// askUndo answers the link. It only shows a page that asks, because mail scanners follow
// links.
func (s *Server) askUndo(w http.ResponseWriter, r *http.Request) error {
	token := web.QueryValue(r, "token")
	if token == "" {
		return errNoToken
	}
	_, err := s.mailedLink(r, token, store.PurposeUndo)
	return s.showLinkPage(w, err, linkpage.Page{Kind: linkpage.Undo, Token: token})
}

type undoEmailBody struct {
	Token       string  `json:"token" like:"LinkToken"`
	NewPassword *string `json:"newPassword,omitempty" doc:"The new password"`
}

var undoEmailDoc = endpoint.Doc{
	Tag: "mail", Summary: "Stop or undo a change of address",
	Row:    "200 `{\"status\":true}`. Body: `token`; optional `newPassword`. The change is stopped or undone, and all sessions and outstanding links end. Without `newPassword` the address gets a link to set one",
	Events: []string{store.EventEmailUndone},
	Text: "The account keeps the address that the mail went to, or gets it back; all sessions and outstanding links end. Without `newPassword` a link to set one is mailed to that address. " +
		"A repeated request gets the same answer and changes nothing.",
	Body:    &endpoint.Body{Text: "The token of the link, and a new password if one is to be set", Examples: oneExample(undoEmailBody{exampleLink, new(anotherPassword)})},
	Answers: []*endpoint.Answer{answers("The change is stopped or undone", statusJSON{true})},
	Errors:  []*web.Error{exampleTooShort, errTooLong, errCommon, errDeadLink, errLinkExpired},
	Texts:   map[int]string{401: "The link is unknown or has expired, its user is disabled, or an earlier change of address was undone after it was sent. A link to an address whose change was already stopped or undone cannot set a password"},
}

// undoEmail stops or undoes the change. A repeated request succeeds, but to set a second
// password the visitor needs another link.
func (s *Server) undoEmail(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r, s.shareOf(r))
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
		if hash, err = s.passwords.Hash(r.Context(), s.shareOfUser(r, link.UserID), *next); err != nil {
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
