package bff

import (
	"errors"
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

type verifyPasswordBody struct {
	Password string `json:"password" like:"Password"`
}

var verifyPasswordDoc = endpoint.Doc{
	Tag: "account", Summary: "Prove the caller's password",
	Row:     "200. Body: `password`. The session then counts as fresh: see below",
	Limit:   "check",
	Events:  []string{store.EventPasswordProven, store.EventPasswordFailed},
	Body:    &endpoint.Body{Text: "The password", Examples: oneExample(verifyPasswordBody{examplePassword})},
	Answers: []*endpoint.Answer{answers("The password is right. The session counts as fresh for SESSION_FRESH_AGE, so requests that need a fresh session need no other proof", statusJSON{true})},
	Errors:  []*web.Error{errTooLong, errPassword, errNoCredential},
}

// verifyPassword checks the caller's password. If it is right, the session counts as
// fresh: for SESSION_FRESH_AGE, sensitive requests need no other proof.
func (s *Server) verifyPassword(w http.ResponseWriter, r *http.Request, live *session.Live, body *web.Object) error {
	pw, _ := body.String("password")
	if faults := body.Faults(); len(faults) > 0 {
		return validation(faults)
	}
	hash, err := s.checkPassword(r, live, pw)
	if err != nil {
		return err
	}
	e := s.eventOf(r, *live.Session, store.EventPasswordProven)
	err = s.act(r, "prove password", e, func(tx *store.Tx) error {
		if err := tx.RequirePassword(live.UserID, hash); err != nil {
			return err
		}
		return tx.ProvePassword(e)
	})
	if errors.Is(err, store.ErrConflict) {
		return errPassword.Because(err) // the password was changed during this check
	}
	if err != nil {
		return err
	}
	return done(w)
}
