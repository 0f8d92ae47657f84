package bff

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"vestibule/bff/password"
	"vestibule/bff/session"
	"vestibule/bff/throttle"
	"vestibule/internal/web"
	"vestibule/store"
)

var (
	errPassword     = web.Refuse(http.StatusBadRequest, "INVALID_PASSWORD", "Invalid password")
	errNoCredential = web.Refuse(http.StatusBadRequest, "CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found")
)

// checkPassword checks that the user of the session also knows the password, and
// returns the password's hash. Guesses here have their own limit: an attacker who has
// reached the limit of sign-in must not lock out an owner who is signed in.
func (s *Server) checkPassword(r *http.Request, live *session.Live, pw string) (hash string, err error) {
	return s.provePassword(r, throttle.CheckPassword(live.UserID, live.Handle()), live.UserID, pw, s.eventOf(r, *live.Session, store.EventPasswordFailed))
}

// provePassword checks that a password is the user's, and returns its hash. It counts
// the attempt. If the password is wrong, it records the event failed.
func (s *Server) provePassword(r *http.Request, try throttle.Attempt, userID, pw string, failed store.Event) (hash string, err error) {
	ctx := r.Context()
	if err := s.limit(r, try); err != nil {
		return "", err
	}
	hash, err = s.store.PasswordHash(ctx, userID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", errNoCredential.Because(err)
	case err != nil:
		return "", err
	}
	ok, _, err := s.passwords.Verify(ctx, s.shareOfUser(r, userID), pw, hash)
	switch {
	case errors.Is(err, password.ErrMalformedHash), err == nil && !ok:
		if err := s.store.Record(ctx, failed); err != nil {
			return "", err
		}
		return "", errPassword
	case err != nil:
		return "", s.passwordError(s.untried(r, try, err))
	}
	s.succeeded(r, try)
	return hash, nil
}

// hasher is the interface of password.Hasher, for tests.
type hasher interface {
	Check(pw, email string) error
	Hash(ctx context.Context, share password.Share, pw string) (string, error)
	Verify(ctx context.Context, share password.Share, pw, phc string) (ok, rehash bool, err error)
	VerifyNone(ctx context.Context, share password.Share, pw string) error
}

// errGuessed uses the code of Better Auth's plugin haveIBeenPwned, which apps may know.
func errGuessed(why string) *web.Error {
	return web.Refuse(http.StatusBadRequest, "PASSWORD_COMPROMISED", "Password too easy to guess: "+why+" Choose another, for example a few unrelated words.")
}

func errTooShort(least int) *web.Error {
	return web.Refuse(http.StatusBadRequest, "PASSWORD_TOO_SHORT", fmt.Sprintf("Password too short: at least %d characters are needed.", least))
}

var (
	errTooLong = web.Refuse(http.StatusBadRequest, "PASSWORD_TOO_LONG", fmt.Sprintf("Password too long: at most %d characters are possible.", password.MaxLength))
	errCommon  = errGuessed("it is among the passwords that attackers try first.")
)

// passwordError turns an error of the password package into an answer.
func (s *Server) passwordError(err error) error {
	switch {
	case errors.Is(err, password.ErrTooShort):
		return errTooShort(s.cfg.PasswordMinLength).Because(err)
	case errors.Is(err, password.ErrTooLong):
		return errTooLong.Because(err)
	case errors.Is(err, password.ErrCommon):
		return errCommon.Because(err)
	case errors.Is(err, password.ErrOwnName):
		return errGuessed("it is your email address or the name of this product.").Because(err)
	case errors.Is(err, password.ErrRepeated):
		return errGuessed("it is a single character, repeated.").Because(err)
	case errors.Is(err, password.ErrNotText):
		return validation([]web.FieldError{{Field: "password", Message: "expected text without NUL"}}).Because(err)
	case errors.Is(err, password.ErrBusy):
		return web.Busy("sign-ins", err)
	}
	return err
}
