package bff

import (
	"errors"
	"net/http"
	"strings"

	"vestibule/bff/throttle"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store"
)

type signUpInput struct {
	email    string
	password string
	name     string
	image    *string
	remember bool
	target   string // where the link in the mail leads
}

func (s *Server) readSignUp(w http.ResponseWriter, r *http.Request) (signUpInput, error) {
	body, err := s.readBody(w, r, s.shareOf(r))
	if err != nil {
		return signUpInput{}, err
	}
	var in signUpInput
	in.email = readEmail(body, "email")
	in.password, _ = body.String("password")
	if name := readName(body); name != nil {
		in.name = *name
	} else {
		in.name, _, _ = strings.Cut(in.email, "@")
	}
	if image := readImage(body); image != nil {
		in.image = *image
	}
	in.remember = rememberMe(body)
	in.target = optionalTarget(body, "callbackURL")
	if faults := body.Faults(); len(faults) > 0 {
		return signUpInput{}, validation(faults)
	}
	return in, nil
}

var errEmailTaken = web.Refuse(http.StatusUnprocessableEntity, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.")

var errSignUpOff = web.Refuse(http.StatusBadRequest, "EMAIL_PASSWORD_SIGN_UP_DISABLED", "Sign-up is closed here. Ask the operator for an account.")

type signUpBody struct {
	Email       string  `json:"email" like:"Email"`
	Password    string  `json:"password" like:"NewPassword"`
	Name        string  `json:"name,omitempty" like:"SignUpName"`
	Image       *string `json:"image,omitempty" like:"Image"`
	RememberMe  bool    `json:"rememberMe,omitempty" like:"RememberMe"`
	CallbackURL *string `json:"callbackURL,omitempty" like:"Target"`
}

var signUpDoc = endpoint.Doc{
	Tag: "account", Summary: "Create an account and sign in",
	Row:    "200 `{token, user}` and the cookie. Body: `email`, `password`; optional `name` (default: the address before the @), `image`, `rememberMe`, `callbackURL` (with `REQUIRE_EMAIL_VERIFICATION`, where the link in the mail leads). With `REQUIRE_EMAIL_VERIFICATION` `token` is null, there is no cookie, and a taken address gets the same answer as a new one",
	Limit:  "sign-up",
	Events: []string{store.EventSignUp, store.EventSignUpFailed},
	Body: &endpoint.Body{Text: "Who signs up", Examples: []endpoint.Example{
		{Name: "short", Value: signUpBody{Email: exampleUser.Email, Password: examplePassword}},
		{Name: "full", Value: signUpBody{Email: exampleUser.Email, Password: examplePassword, Name: "Ada", Image: new("https://example.com/ada.png"), RememberMe: true, CallbackURL: new("/welcome")}},
	}},
	Answers: []*endpoint.Answer{{
		Status: 200, Text: "The user, and a session in the cookie. With REQUIRE_EMAIL_VERIFICATION `token` is null, there is no cookie, and a taken address gets the same answer as a new one",
		Headers:  []*endpoint.Header{setCookie},
		Examples: []endpoint.Example{{Name: "signed in", Value: signedUpJSON{new(exampleHandle), exampleUser}}, {Name: "verification needed", Value: signedUpJSON{User: exampleUser}}},
	}},
	Errors: []*web.Error{exampleTooShort, errTooLong, errCommon, errSignUpOff, errEmailTaken},
	Texts:  map[int]string{422: "The address has an account"},
}

// signUp creates an account and signs the user in. With REQUIRE_EMAIL_VERIFICATION it
// does not sign in, and the answer for a taken address is the same as for a new one. Only
// the mail to the owner differs.
func (s *Server) signUp(w http.ResponseWriter, r *http.Request) error {
	if s.cfg.SignUpOff {
		return errSignUpOff
	}
	in, err := s.readSignUp(w, r)
	if err != nil {
		return err
	}
	if err := s.passwords.Check(in.password, in.email); err != nil {
		return s.passwordError(err)
	}
	try := throttle.SignUp(s.clients.Of(r))
	if s.cfg.RequireEmailVerification {
		try = append(try, s.tryMail(r, in.email)...) // for the mail that follows
	}
	if err := s.limit(r, try); err != nil {
		return err
	}
	hash, err := s.passwords.Hash(r.Context(), s.shareOf(r), in.password)
	if err != nil {
		return s.passwordError(s.untried(r, try, err))
	}
	user := s.newUser(in)
	if s.cfg.RequireEmailVerification {
		return s.signUpUnverified(w, r, in, user, hash)
	}
	next := s.sessions.Prepare(r, user.ID, in.remember)
	err = s.tx(r, "sign up", func(tx *store.Tx) error {
		if err := tx.CreateUser(user, hash); err != nil {
			return err
		}
		if err := tx.StartSession(next.Session, next.Replaces...); err != nil {
			return err
		}
		return tx.Record(s.eventOf(r, next.Session, store.EventSignUp))
	})
	switch {
	case errors.Is(err, store.ErrConflict):
		return errEmailTaken.Because(errors.Join(err, s.store.Record(r.Context(), s.addressTaken(r, in))))
	case err != nil:
		return err
	}
	web.NoteUser(r, user.ID)
	s.succeeded(r, throttle.Proven(user.Email, s.clients.Of(r))) // the limits now know this client as the owner's
	http.SetCookie(w, s.sessions.Started(next))
	return web.WriteJSON(w, http.StatusOK, signedUpJSON{Token: &next.ID, User: toUserJSON(user)})
}

func (s *Server) newUser(in signUpInput) store.User {
	user := NewUser(in.email, "", s.now())
	user.Name, user.Image = in.name, in.image // a name may be empty
	return user
}

// addressTaken is the event of a sign-up with an address that has an account.
func (s *Server) addressTaken(r *http.Request, in signUpInput) store.Event {
	e := s.event(r, store.EventSignUpFailed)
	e.Email, e.Detail = in.email, "the address has an account"
	return e
}

// signUpUnverified creates an account whose address must be verified before sign-in. For
// a taken address it answers with a user that is not stored.
func (s *Server) signUpUnverified(w http.ResponseWriter, r *http.Request, in signUpInput, user store.User, hash string) error {
	m := s.notice(user, store.MailVerify)
	m.CallbackURL = in.target
	err := s.tx(r, "sign up", func(tx *store.Tx) error {
		if err := tx.CreateUser(user, hash); err != nil {
			return err
		}
		e := s.event(r, store.EventSignUp)
		e.UserID = user.ID
		return recordAndNotify(tx, e, m)
	})
	if errors.Is(err, store.ErrConflict) {
		m.Kind, m.UserID = store.MailAddressTaken, ""
		err = s.tx(r, "sign up", func(tx *store.Tx) error { return recordAndNotify(tx, s.addressTaken(r, in), m) })
	}
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, signedUpJSON{User: toUserJSON(user)})
}
