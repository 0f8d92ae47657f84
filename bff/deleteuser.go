package bff

import (
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

type deleteUserBody struct {
	Password *string `json:"password,omitempty" like:"Password"`
}

type successMessageJSON struct {
	Success bool   `json:"success" schema:"const=true"`
	Message string `json:"message"`
}

var userDeleted = successMessageJSON{true, "User deleted"}

var deleteUserDoc = endpoint.Doc{
	Tag: "account", Summary: "Delete the account",
	Row:    "200 `{\"success\":true,\"message\":\"User deleted\"}`; clears the cookie. Body: `password`, or `{}` if it was proven recently",
	Limit:  "check",
	Events: []string{store.EventUserDeleted, store.EventPasswordFailed},
	Body: &endpoint.Body{Text: "The password, or `{}` if it was proven recently", Examples: []endpoint.Example{
		{Name: "password", Value: deleteUserBody{new(examplePassword)}}, {Name: "proven recently", Value: deleteUserBody{}},
	}},
	Answers: []*endpoint.Answer{answers("The account and everything in it are deleted", userDeleted, clearCookieAlways), notFresh},
	Errors:  []*web.Error{errTooLong, errPassword, errNoCredential},
}

// deleteUser deletes the caller's account and everything in it. A request without the
// password needs a fresh session: this cannot be undone, so an open browser is not
// enough.
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
	e := s.eventOf(r, *live.Session, store.EventUserDeleted)
	e.Email = live.User.Email
	err := s.act(r, "delete user", e, func(tx *store.Tx) error { return tx.DeleteUser(live.UserID, e) })
	if err != nil {
		return unauthorizedIfDeleted(err)
	}
	http.SetCookie(w, s.sessions.Cookie.Clear())
	return web.WriteJSON(w, http.StatusOK, userDeleted)
}
