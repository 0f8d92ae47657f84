package bff

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"vestibule/bff/session"
	"vestibule/bff/throttle"
	"vestibule/internal/web"
	"vestibule/store"
)

// MaxName and maxImage bound what is stored for a user, in bytes.
const (
	MaxName  = 1024
	maxImage = 8192
)

// readName returns the name in a body, or nil when it has none. A name is optional, so
// one that shows nothing is an empty one, in whose place pages show the address.
func readName(body *web.Object) *string {
	if !body.Has("name") {
		return nil
	}
	name, _ := body.String("name")
	if len(name) > MaxName {
		body.Reject("name", fmt.Sprintf("expected at most %d bytes", MaxName))
	}
	if !web.Shows(name) {
		name = ""
	}
	return &name
}

// readImage returns the image in a body, which may be null, or nil when it has
// none.
func readImage(body *web.Object) **string {
	var image *string
	switch {
	case !body.Has("image"):
		return nil
	case !body.IsNull("image"):
		text, _ := body.String("image")
		if image = &text; len(text) > maxImage {
			body.Reject("image", fmt.Sprintf("expected at most %d bytes", maxImage))
		}
	}
	return &image
}

var (
	errEmailNotHere = web.Refuse(http.StatusBadRequest, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated: use /change-email.")
	errNoFields     = web.Refuse(http.StatusBadRequest, "NO_FIELDS_TO_UPDATE", "No fields to update")
)

// updateUser changes the name and the picture. The address is not changed like
// that: the new one must be shown to be the user's own first.
func (s *Server) updateUser(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error {
	if body.Has("email") && !body.IsNull("email") {
		if address, text := body.String("email"); address != "" || !text { // Better Auth passes an empty one over
			return errEmailNotHere
		}
	}
	change := store.UserChange{Name: readName(body), Image: readImage(body)}
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	if change.Name == nil && change.Image == nil {
		return errNoFields
	}
	if err := s.limit(r, throttle.ChangeProfile(live.UserID)); err != nil {
		return err
	}
	err := s.store.UpdateUser(r.Context(), live.UserID, change, s.now(), s.eventOf(r, live, store.EventUserUpdated))
	if err != nil {
		return gone(err)
	}
	return done(w)
}

// gone answers that the user was deleted while their request was under way.
func gone(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrNoUser) {
		return errUnauthorized.Because(err)
	}
	return err
}

// accountJSON is Better Auth's account: a way to sign in, without what proves it.
type accountJSON struct {
	AccountID  string   `json:"accountId"`
	ProviderID string   `json:"providerId" doc:"credential is a password"`
	UserID     string   `json:"userId"`
	CreatedAt  web.Time `json:"createdAt"`
	UpdatedAt  web.Time `json:"updatedAt"`
	ID         string   `json:"id"`
	Scopes     []string `json:"scopes"`
}

func (s *Server) listAccounts(w http.ResponseWriter, r *http.Request, live *session.Live, _ *web.Object) error {
	rows, err := s.store.AccountsOf(r.Context(), live.UserID)
	if err != nil {
		return err
	}
	list := make([]accountJSON, len(rows))
	for i, row := range rows {
		list[i] = accountJSON{
			AccountID: row.AccountID, ProviderID: row.ProviderID, UserID: row.UserID,
			CreatedAt: web.Time(row.CreatedAt), UpdatedAt: web.Time(row.UpdatedAt), ID: row.ID, Scopes: scopes(row.Scope),
		}
	}
	return web.WriteJSON(w, http.StatusOK, list)
}

// scopes splits what a provider granted, as Better Auth stores it.
func scopes(list string) []string {
	if list == "" {
		return []string{}
	}
	return strings.Split(list, ",")
}

// deleteUser deletes the caller's account and all that is theirs. Who does not give
// the password must have proven it lately: a browser that was left open is not enough
// for what cannot be undone.
func (s *Server) deleteUser(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error {
	var pw string
	withPassword := body.Has("password") && !body.IsNull("password")
	if withPassword {
		pw, _ = body.String("password")
	}
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	switch {
	case withPassword:
		if _, err := s.checkPassword(r, live, pw); err != nil {
			return err
		}
	case !s.sessions.Proven(live):
		return errNotFresh
	}
	e := s.eventOf(r, live, store.EventUserDeleted)
	e.Email = live.User.Email
	hashes, err := s.store.DeleteUser(r.Context(), live.UserID, e)
	if err != nil {
		return gone(err)
	}
	s.sessions.Forget(hashes...)
	http.SetCookie(w, s.sessions.Cookie.Clear())
	return web.WriteJSON(w, http.StatusOK, userDeleted)
}
