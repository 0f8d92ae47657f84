package bff

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"vestibule/bff/password"
	"vestibule/internal/web"
	"vestibule/store"
)

type signInInput struct {
	email    string
	password string
	remember bool
}

func readSignIn(w http.ResponseWriter, r *http.Request) (signInInput, error) {
	body, err := web.ReadObject(w, r)
	if err != nil {
		return signInInput{}, err
	}
	var in signInInput
	address, _ := body.String("email")
	in.password, _ = body.String("password")
	in.remember = remember(body)
	if faults := body.Faults(); len(faults) > 0 {
		return signInInput{}, validation(faults)
	}
	var ok bool
	if in.email, ok = validEmail(address); !ok {
		return signInInput{}, web.Refuse(http.StatusBadRequest, "INVALID_EMAIL", "Invalid email")
	}
	return in, nil
}

// errCredentials is the one answer to an unknown address and a wrong password.
var errCredentials = web.Refuse(http.StatusUnauthorized, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")

type signInJSON struct {
	Redirect bool `json:"redirect"`
	signedInJSON
}

// signIn starts a session for a user who knows the password, and ends the one
// that the request presents.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	in, err := readSignIn(w, r)
	if err != nil {
		return err
	}
	user, err := s.authenticate(r, in)
	if err != nil {
		return s.passwordError(err)
	}
	row, cookie, err := s.sessions.Start(r, user.ID, in.remember, func(row store.Session, replaces string) error {
		return s.store.StartSession(r.Context(), row, replaces)
	})
	switch {
	case errors.Is(err, store.ErrNoUser):
		return errCredentials.Because(err) // deleted while the password was verified
	case err != nil:
		return err
	}
	web.NoteUser(r, user.ID)
	http.SetCookie(w, cookie)
	return web.WriteJSON(w, http.StatusOK, signInJSON{signedInJSON: signedInJSON{Token: row.ID, User: toUserJSON(user)}})
}

// authenticate costs the same, one query and one computation of argon2id,
// whether or not the address has an account.
func (s *Server) authenticate(r *http.Request, in signInInput) (store.User, error) {
	ctx := r.Context()
	if err := s.passwords.Check(in.password); errors.Is(err, password.ErrTooLong) {
		return store.User{}, err // nobody's password, so it tells nothing
	}
	user, hash, err := s.store.CredentialByEmail(ctx, in.email)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.User{}, s.refuseCredentials(r, in.password, err)
	case err != nil:
		return store.User{}, err
	}
	web.NoteUser(r, user.ID)
	ok, rehash, err := s.passwords.Verify(ctx, in.password, hash)
	switch {
	case errors.Is(err, password.ErrMalformedHash):
		return store.User{}, s.refuseCredentials(r, in.password, err)
	case err != nil:
		return store.User{}, err
	case !ok:
		return store.User{}, errCredentials
	}
	if rehash {
		s.rehash(ctx, user.ID, in.password, hash)
	}
	return user, nil
}

// refuseCredentials refuses an account that cannot be signed in to, after the
// work that a wrong password would have cost.
func (s *Server) refuseCredentials(r *http.Request, pw string, cause error) error {
	if err := s.passwords.VerifyNone(r.Context(), pw); err != nil {
		return err
	}
	return errCredentials.Because(cause)
}

// rehash raises a stored hash to the current parameters. Signing in does not
// depend on its success.
func (s *Server) rehash(ctx context.Context, userID, pw, old string) {
	hash, err := s.passwords.Hash(ctx, pw)
	if err == nil {
		err = s.store.ReplacePasswordHash(ctx, userID, old, hash, s.now())
	}
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "password hash was not upgraded", slog.String("user", userID), slog.String("error", err.Error()))
	}
}
