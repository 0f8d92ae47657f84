package bff

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"vestibule/bff/password"
	"vestibule/internal/web"
	"vestibule/store"
)

type signUpInput struct {
	email    string
	password string
	name     string
	image    *string
	remember bool
}

// maxName and maxImage bound what is stored for a user, in bytes.
const (
	maxName  = 1024
	maxImage = 8192
)

func readSignUp(w http.ResponseWriter, r *http.Request) (signUpInput, error) {
	body, err := web.ReadObject(w, r)
	if err != nil {
		return signUpInput{}, err
	}
	var in signUpInput
	var ok bool
	if address, is := body.String("email"); is {
		if in.email, ok = validEmail(address); !ok {
			body.Reject("email", "expected an email address")
		}
	}
	in.password, _ = body.String("password")
	if body.Has("name") {
		in.name, _ = body.String("name")
	} else {
		in.name, _, _ = strings.Cut(in.email, "@")
	}
	if len(in.name) > maxName {
		body.Reject("name", fmt.Sprintf("expected at most %d bytes", maxName))
	}
	if body.Has("image") && !body.IsNull("image") {
		image, _ := body.String("image")
		if in.image = &image; len(image) > maxImage {
			body.Reject("image", fmt.Sprintf("expected at most %d bytes", maxImage))
		}
	}
	in.remember = remember(body)
	if faults := body.Faults(); len(faults) > 0 {
		return signUpInput{}, validation(faults)
	}
	return in, nil
}

type signedInJSON struct {
	Token string   `json:"token"` // the session's handle; the secret is in the cookie alone
	User  userJSON `json:"user"`
}

var errEmailTaken = web.Refuse(http.StatusUnprocessableEntity, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.")

// signUp makes an account and signs it in.
func (s *Server) signUp(w http.ResponseWriter, r *http.Request) error {
	in, err := readSignUp(w, r)
	if err != nil {
		return err
	}
	if err := s.passwords.Check(in.password); err != nil {
		return s.passwordError(err)
	}
	hash, err := s.passwords.Hash(r.Context(), in.password)
	if err != nil {
		return s.passwordError(err)
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	user := store.User{
		ID:        "usr_" + strings.ToLower(rand.Text()),
		Name:      in.name,
		Email:     in.email,
		Image:     in.image,
		CreatedAt: now,
		UpdatedAt: now,
	}
	row, cookie, err := s.sessions.Start(r, user.ID, in.remember, func(row store.Session, replaces string) error {
		return s.store.CreateUser(r.Context(), user, hash, row, replaces)
	})
	switch {
	case errors.Is(err, store.ErrConflict):
		return errEmailTaken.Because(err)
	case err != nil:
		return err
	}
	web.NoteUser(r, user.ID)
	http.SetCookie(w, cookie)
	return web.WriteJSON(w, http.StatusOK, signedInJSON{Token: row.ID, User: toUserJSON(user)})
}

// passwordError turns what the password room refuses into an answer.
func (s *Server) passwordError(err error) error {
	switch {
	case errors.Is(err, password.ErrTooShort):
		return web.Refuse(http.StatusBadRequest, "PASSWORD_TOO_SHORT",
			fmt.Sprintf("Password too short: at least %d characters are needed.", s.cfg.PasswordMinLength)).Because(err)
	case errors.Is(err, password.ErrTooLong):
		return web.Refuse(http.StatusBadRequest, "PASSWORD_TOO_LONG",
			fmt.Sprintf("Password too long: at most %d characters are possible.", password.MaxLength)).Because(err)
	case errors.Is(err, password.ErrNotText):
		return validation([]web.FieldError{{Field: "password", Message: "expected text without NUL"}}).Because(err)
	case errors.Is(err, password.ErrBusy):
		return web.Refuse(http.StatusServiceUnavailable, "BUSY", "Too many sign-ins at the moment. Please try again.").
			With("Retry-After", "2").Because(err)
	}
	return err
}
