package bff

import (
	"errors"
	"log/slog"
	"net/http"

	"vestibule/bff/password"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

type signInInput struct {
	email    string
	password string
	remember bool
	target   string // where the client's app continues
}

func (s *Server) readSignIn(w http.ResponseWriter, r *http.Request) (signInInput, error) {
	body, err := s.readBody(w, r, s.shareOf(r))
	if err != nil {
		return signInInput{}, err
	}
	var in signInInput
	address, _ := body.String("email")
	in.password, _ = body.String("password")
	in.remember = rememberMe(body)
	in.target = optionalTarget(body, "callbackURL")
	if faults := body.Faults(); len(faults) > 0 {
		return signInInput{}, validation(faults)
	}
	var ok bool
	if in.email, ok = NormalEmail(address); !ok {
		return signInInput{}, errInvalidEmail
	}
	return in, nil
}

var errInvalidEmail = web.Refuse(http.StatusBadRequest, "INVALID_EMAIL", "Invalid email")

// errCredentials is the one answer to an unknown address and a wrong password.
var errCredentials = web.Refuse(http.StatusUnauthorized, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password")

// errCredentialsOrMail replaces errCredentials where addresses must be verified first. A
// different answer to the right password of an unverified account would reveal who has
// an account: an attacker signs up with a victim's address and tries the password that
// they have chosen.
var errCredentialsOrMail = web.Refuse(http.StatusUnauthorized, errCredentials.Code,
	"Invalid email or password, or the address is not confirmed yet: follow the link in the mail, or ask for a new password, which confirms it too.")

func (s *Server) signInRefusal() *web.Error {
	if s.cfg.RequireEmailVerification {
		return errCredentialsOrMail
	}
	return errCredentials
}

// signedInJSON tells the client to go to URL if the request had a callbackURL.
type signedInJSON struct {
	Redirect bool     `json:"redirect" doc:"The client should go to url"`
	Token    string   `json:"token" doc:"The session's handle"`
	URL      string   `json:"url,omitempty" doc:"The callbackURL"`
	User     userJSON `json:"user"`
}

type signInBody struct {
	Email       string  `json:"email" like:"Email"`
	Password    string  `json:"password" like:"Password"`
	RememberMe  bool    `json:"rememberMe,omitempty" like:"RememberMe"`
	CallbackURL *string `json:"callbackURL,omitempty" like:"Target"`
}

var signInDoc = endpoint.Doc{
	Tag: "account", Summary: "Sign in",
	Row:    "200 `{redirect, token, user}` and the cookie. Ends the session whose cookie was sent. Body: `email`, `password`; optional `rememberMe`, `callbackURL` (then `redirect` is true, and `url` and `Location` name it)",
	Limit:  "sign-in",
	Events: []string{store.EventSignIn, store.EventSignInFailed, store.EventSessionRevoked},
	Body:   &endpoint.Body{Text: "Who signs in", Examples: oneExample(signInBody{Email: exampleUser.Email, Password: examplePassword})},
	Answers: []*endpoint.Answer{{
		Status: 200, Text: "The user, and a session in the cookie. The session of the request has ended",
		Headers: []*endpoint.Header{setCookieAlways, {Component: "Location", Name: "Location", Text: "Where the app continues: the `callbackURL`",
			Schema: endpoint.Schema{"type": "string", "format": "uri-reference"}, Example: "/welcome"}},
		Examples: []endpoint.Example{
			{Name: "signed in", Value: signedInJSON{Token: exampleHandle, User: exampleUser}},
			{Name: "with a target", Value: signedInJSON{Redirect: true, Token: exampleHandle, URL: "/welcome", User: exampleUser}},
		},
	}},
	Errors: []*web.Error{errInvalidEmail, errTooLong, errCredentials},
	Texts:  map[int]string{401: "Unknown address, wrong password or disabled account: the answer is the same"},
}

// signIn starts a session for a user who knows the password. It ends the session that
// the request presents.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	in, err := s.readSignIn(w, r)
	if err != nil {
		return err
	}
	try := s.trySignIn(r, in.email)
	if err := s.limit(r, try); err != nil {
		return err
	}
	user, hash, err := s.authenticate(r, in)
	why, refused := errors.AsType[signInFailure](err)
	switch {
	case refused:
		return s.refuseSignIn(r, in, user, why, s.signInRefusal().Because(why))
	case err != nil:
		return s.passwordError(s.untried(r, try, err))
	}
	next := s.sessions.Prepare(r, user.ID, in.remember)
	surplus := s.event(r, store.EventSessionRevoked)
	surplus.Detail = s.surplus().Detail
	err = s.tx(r, "sign in", func(tx *store.Tx) error {
		if err := tx.StartSession(next.Session, next.Replaces...); err != nil {
			return err
		}
		if err := tx.RequirePassword(user.ID, hash); err != nil {
			return err
		}
		if err := tx.KeepSessions(max(0, s.cfg.SessionsPerUser), next.Session, surplus); err != nil {
			return err
		}
		return tx.Record(s.eventOf(r, next.Session, store.EventSignIn))
	})
	switch {
	case errors.Is(err, store.ErrNoUser), errors.Is(err, store.ErrConflict):
		return s.signInRefusal().Because(err) // deleted, or the password changed, while it was verified
	case err != nil:
		return err
	}
	web.NoteUser(r, user.ID)
	s.succeeded(r, try)
	http.SetCookie(w, s.sessions.Started(next))
	if in.target != "" {
		w.Header().Set("Location", in.target)
	}
	return web.WriteJSON(w, http.StatusOK, signedInJSON{Redirect: in.target != "", Token: next.ID, URL: in.target, User: toUserJSON(user)})
}

// signInFailure is the reason of a failed sign-in, for the log and the audit trail. The
// client does not see it.
type signInFailure string

func (why signInFailure) Error() string { return string(why) }

// authenticate checks the password. It always costs one query and one computation of
// argon2id, whether or not the address has an account, and whether or not the account may
// be used. With the error signInFailure it still returns the user of the address, if there
// is one. hash is the hash of the verified password.
func (s *Server) authenticate(r *http.Request, in signInInput) (user store.User, hash string, err error) {
	ctx := r.Context()
	if err := password.CheckLength(in.password); errors.Is(err, password.ErrTooLong) {
		return user, "", err // no stored password is so long, so this reveals nothing
	}
	user, hash, err = s.store.CredentialByEmail(ctx, in.email)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return user, "", s.refuseCredentials(r, in.password, "unknown address")
	case err != nil:
		return user, "", err
	}
	ok, rehash, err := s.passwords.Verify(ctx, s.shareOf(r), in.password, hash)
	switch {
	case errors.Is(err, password.ErrMalformedHash):
		return user, "", s.refuseCredentials(r, in.password, signInFailure(err.Error()))
	case err != nil:
		return user, "", err
	case !ok:
		return user, "", signInFailure("wrong password")
	case user.DisabledAt != nil:
		return user, "", signInFailure("disabled account")
	case s.cfg.RequireEmailVerification && !user.EmailVerified:
		return user, "", signInFailure("address not verified")
	}
	if rehash {
		hash = s.rehash(r, user.ID, in.password, hash)
	}
	return user, hash, nil
}

// refuseCredentials refuses an account that nobody can sign in to. It first does the
// work that a wrong password costs, so that the times are the same.
func (s *Server) refuseCredentials(r *http.Request, pw string, why signInFailure) error {
	if err := s.passwords.VerifyNone(r.Context(), s.shareOf(r), pw); err != nil {
		return err
	}
	return why
}

// refuseSignIn records the refusal in the audit trail. It also writes a row for an
// account that does not exist, so that the answers take the same time.
func (s *Server) refuseSignIn(r *http.Request, in signInInput, user store.User, why signInFailure, refusal *web.Error) error {
	web.NoteUser(r, user.ID)
	e := s.event(r, store.EventSignInFailed)
	e.UserID, e.Email, e.Detail = user.ID, in.email, string(why)
	if err := s.store.Record(r.Context(), e); err != nil {
		return err
	}
	return refusal
}

// rehash replaces a stored hash by one with the current parameters and returns the stored
// one. If that fails, the sign-in still succeeds.
func (s *Server) rehash(r *http.Request, userID, pw, old string) string {
	ctx := r.Context()
	hash, err := s.passwords.Hash(ctx, s.shareOfUser(r, userID), pw)
	if err == nil {
		err = s.store.ReplacePasswordHash(ctx, userID, old, hash, s.now())
	}
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "password hash was not upgraded", slog.String("user", userID), slog.String("error", err.Error()))
		return old
	}
	return hash
}
