package oauth

import (
	"errors"
	"net/http"
	"strings"

	"vestibule/bff/token"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// A service that holds a user's token can ask who the user is (OpenID Connect Core §5.3). The
// rules:
//
//   - The token is the only credential. It must be one of ours, for any audience, with which a
//     service may act for the user: the token of a session, or an exchanged one. A service's
//     own token names no user.
//   - The token must still be good (good.go): unlike at the API, the end of the session takes
//     effect at once. So it must name a session: whoever has the secret of HS256 can sign a token, and cannot know the id of a
//     session.
//   - Only the header Authorization counts. A cookie does not: pages have /get-session.
//   - No scope is needed. Our tokens have no openid: nobody has asked a user for consent, and
//     the operator who gives a service a user's token decides what it may know.

// userInfoJSON is the answer. A claim without a value is left out (§5.3.2).
type userInfoJSON struct {
	Subject       string `json:"sub" doc:"The user's id, as in the token"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Name          string `json:"name,omitempty"`
}

// UserInfo tells about the user of the request's token. Write its errors with WriteError.
func (s *Server) UserInfo(w http.ResponseWriter, r *http.Request) error {
	raw, err := bearerToken(r.Header)
	if err != nil {
		s.Refused(r)
		return err
	}
	subject, err := s.Tokens.VerifyBearer(r.Context(), raw)
	if err != nil {
		return s.refuseBearer(r, err)
	}
	web.NoteUser(r, subject.UserID)
	switch {
	case isService(subject.UserID):
		s.Refused(r)
		return errNoUser
	case subject.SessionID == "":
		return s.refuseBearer(r, errNoSession)
	}
	leave, err := s.Stranger(r) // the token may have lost its session minutes ago
	if err != nil {
		return err
	}
	defer leave()
	user, err := s.stillGood(r.Context(), subject)
	if err != nil {
		return s.refuseBearer(r, err)
	}
	return web.WriteJSON(w, http.StatusOK, userInfoJSON{Subject: user.ID, Email: user.Email, EmailVerified: user.EmailVerified, Name: user.Name})
}

// The refusals of UserInfo (RFC 6750 §3.1). Without a token the challenge names no error.
var (
	errNoBearer = web.Refuse(http.StatusUnauthorized, invalidRequest, "Send an access token: Authorization: Bearer, and the token.").
			With("WWW-Authenticate", bearerChallenge)
	errNoUser = web.Refuse(http.StatusForbidden, insufficientScope, "The token is a service's own and names no user.").
			With("WWW-Authenticate", bearerChallenge+`, error="`+insufficientScope+`"`)
	errNoSession = token.NotSubject("it names no session")
)

const (
	bearerChallenge   = `Bearer realm="vestibule"`
	invalidToken      = "invalid_token"
	insufficientScope = "insufficient_scope"
)

// refuseBearer turns a token.NotSubject into a 401. It returns other errors as they are.
func (s *Server) refuseBearer(r *http.Request, err error) error {
	why, refused := errors.AsType[token.NotSubject](err)
	if !refused {
		return err
	}
	s.Refused(r)
	return badBearer(why)
}

func badBearer(why token.NotSubject) *web.Error {
	description := "The token is refused: " + named(string(why)) + "."
	return web.Refuse(http.StatusUnauthorized, invalidToken, description).
		With("WWW-Authenticate", bearerChallenge+`, error="`+invalidToken+`", error_description="`+description+`"`)
}

// bearerToken returns the token in the one Authorization header (RFC 6750 §2.1).
func bearerToken(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) > 1 {
		return "", badRequest("There is more than one Authorization header.")
	}
	scheme, raw, _ := strings.Cut(strings.Join(values, ""), " ")
	if raw = strings.TrimLeft(raw, " "); raw == "" || !strings.EqualFold(scheme, "Bearer") {
		return "", errNoBearer
	}
	return raw, nil
}

// BearerGuard describes that only the holder of a user's token may ask.
func BearerGuard() *endpoint.Guard {
	return &endpoint.Guard{Security: []map[string][]string{{"accessToken": {}}}}
}

// UserInfoDoc describes the endpoint. tooMany is the error for too many concurrent requests.
func UserInfoDoc(tooMany *web.Error) *endpoint.Doc {
	shape := &endpoint.Shape{Type: "application/json", Body: func(e *web.Error) any { return toJSON(e) }, Code: "error"}
	challenge := &endpoint.Header{Component: "BearerChallenge", Name: "WWW-Authenticate", Text: "The scheme, and what is wrong with the token (RFC 6750 §3)", Always: true,
		Schema: endpoint.Schema{"type": "string", "pattern": "^Bearer "}, Example: badBearer("its session has ended").Header.Get("WWW-Authenticate")}
	refused := func(status int, text string, errors []*web.Error, headers ...*endpoint.Header) *endpoint.Answer {
		return &endpoint.Answer{Status: status, Text: text, Headers: headers, Errors: errors, Shape: shape}
	}
	return &endpoint.Doc{
		Tag: "service", Summary: "Get the user of a token",
		Row:  "200 `{sub, email, email_verified, name}` of the user whose access token is in `Authorization`: [below](#who-the-user-of-a-token-is)",
		Text: "Userinfo of OpenID Connect Core §5.3, for services that hold a user's token: one that the proxy has attached or one from an exchange, for any audience. It looks at no cookie and needs no scope.",
		Answers: []*endpoint.Answer{
			{Status: http.StatusOK, Text: "The user as of now. `name` is left out if it is empty", Examples: []endpoint.Example{
				{Name: "one", Value: userInfoJSON{Subject: "usr_k5x2mnv7q4tz3w6ya2bcdefghi", Email: "ada@example.com", EmailVerified: true, Name: "Ada"}},
			}},
			refused(400, "There is more than one `Authorization` header", []*web.Error{badRequest("There is more than one Authorization header.")}),
			refused(401, "There is no token; or it is not ours, has expired, or belongs to a session that has ended", []*web.Error{errNoBearer, badBearer("its session has ended")}, challenge),
			refused(403, "The token is a service's own", []*web.Error{errNoUser}, challenge),
			refused(429, "Too many requests of this client at once", []*web.Error{tooMany}, endpoint.RetryAfter, endpoint.RetryAfter.As("X-Retry-After")),
			refused(500, "A fault of ours", []*web.Error{web.ErrInternal}),
			refused(503, "The database cannot be asked", []*web.Error{web.Unavailable(nil)}, endpoint.RetryAfter),
		},
	}
}
