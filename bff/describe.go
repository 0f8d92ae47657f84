package bff

import (
	"net/http"
	"time"

	"vestibule/bff/password"
	"vestibule/internal/endpoint"
	"vestibule/internal/openapi"
	"vestibule/internal/web"
)

// The parts of the OpenAPI document that several endpoints share.

// surface returns everything that the document describes.
func (s *Server) surface() endpoint.Surface {
	return endpoint.Surface{
		Title: "Vestibule BFF", Summary: "Accounts, cookie sessions, and the way to the API, for browsers.", Text: surfaceText,
		Tags: []endpoint.Tag{
			{Name: "account", Text: "Sign-up, sign-in, sign-out, and the account"}, {Name: "session", Text: "Where the user is signed in"},
			{Name: "mail", Text: "Mails and their links"}, {Name: "service", Text: "Tokens for services"},
			{Name: "proxy", Text: "The API behind the BFF"}, {Name: "about", Text: "About this server"},
		},
		Security: map[string]endpoint.Schema{
			"session": {"type": "apiKey", "in": "cookie", "name": "better-auth.session_token",
				"description": "Set at sign-up and sign-in, `HttpOnly`. With https its name begins with `__Host-`. COOKIE_NAME changes the name."},
			"accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token of a user that this server has issued"},
			"clientBasic": {"type": "http", "scheme": "basic", "description": "The client's id and secret, each form-encoded first (RFC 6749 §2.3.1)"},
		},
		Headers: []*endpoint.Header{endpoint.RequestID("The id of this request in the log"), endpoint.NoStore},
		Params: []*endpoint.Param{
			openapi.FileParam,
			{Name: "token", In: "path", Required: true, Text: "The token in the mail", Schema: text, Example: exampleLink},
			{Name: "path", In: "path", Required: true, Text: "The path at the API after `/api/`, including slashes", Schema: text, Example: "me/tasks"},
			{Name: "page", In: "path", Required: true, Text: "A file of the app or a path of its router, including slashes. Empty for the first page", Schema: text, Example: "tasks"},
		},
		Schemas:    schemas,
		Errors:     endpoint.Shape{Type: "application/json", Body: func(e *web.Error) any { return toErrorJSON(e) }, Code: "code"},
		Everywhere: &endpoint.Guard{Answers: []*endpoint.Answer{serverError}},
		Elsewhere:  []*endpoint.Answer{endpoint.Preflight("What the origin may send (CORS). Without Access-Control headers it may send nothing"), invalidOrigin, notFound, methodNotAllowed, serverError},
		Endpoints:  s.endpoints(),
	}
}

const surfaceText = "The server that a single-page app talks to. `/api/auth/` has the shapes, codes and cookie of Better Auth, so its official client works.\n\n" +
	"- Errors are `{error, code, message}`: the status text, a stable code, and a text for people. `/api/auth/oauth2/` has the errors of OAuth.\n" +
	"- An unsafe request must come from our own origin or one in TRUSTED_ORIGINS: `Origin` decides, else `Referer`, else `Sec-Fetch-Site`. A request with none of them does not come from a browser and passes.\n" +
	"- `token` in a body is a session's handle: it names the session and opens nothing. Only the cookie holds the secret.\n" +
	"- Each GET also accepts HEAD, with the same headers and no body, unless the operation says `x-head: false`. `x-elsewhere` describes the answers to other paths and methods.\n" +
	"- `x-limit` names the limit that counts the attempts. `x-audit` lists the events that the audit trail may get.\n" +
	"- Every answer carries `X-Request-Id`, `X-Content-Type-Options`, `Content-Security-Policy`, `Referrer-Policy`, `Cross-Origin-Resource-Policy: same-origin`, `Vary: Origin`, and with https `Strict-Transport-Security`. Answers to a listed origin have the CORS headers instead of `Cross-Origin-Resource-Policy`. The files of the embedded app (`/app/`) are the same for every origin and have neither `Vary: Origin` nor CORS headers."

// The guards: who may send a request.
var (
	withoutSession = guarded(nil, tooMany, unavailable)
	asVisitor      = guarded([]map[string][]string{{"session": {}}, {}}, tooMany, unavailable)
	asUser         = guardedUser(signedOut, tooMany, unavailable)
	asFreshUser    = guardedUser(notFresh, signedOut, tooMany, unavailable)
	throughProxy   = &endpoint.Guard{Security: []map[string][]string{{"session": {}}}}
)

func guarded(security []map[string][]string, answers ...*endpoint.Answer) *endpoint.Guard {
	return &endpoint.Guard{Security: security, Answers: answers, Body: []*endpoint.Answer{badBody, forbidden, timeout, tooLarge, wrongType}}
}

func guardedUser(answers ...*endpoint.Answer) *endpoint.Guard {
	g := guarded([]map[string][]string{{"session": {}}}, answers...)
	g.Headers = []*endpoint.Header{signedAgain}
	return g
}

var text = endpoint.Schema{"type": "string"}

// schemas describes the members that several bodies have.
var schemas = map[string]endpoint.Schema{
	"Email":       {"type": "string", "maxLength": maxEmail, "description": "An email address. Case does not matter", "examples": []any{exampleUser.Email}},
	"Password":    {"type": "string", "maxLength": password.MaxLength, "format": "password"},
	"NewPassword": {"type": "string", "maxLength": password.MaxLength, "format": "password", "description": "PASSWORD_MIN_LENGTH (8) to 128 code points"},
	"Name":        {"type": "string", "description": "At most 1024 bytes"},
	"SignUpName":  {"type": "string", "description": "At most 1024 bytes; default: the part of the address before the @"},
	"Image":       {"type": []any{"string", "null"}, "description": "At most 8192 bytes; null for none"},
	"RememberMe":  {"type": "boolean", "default": true, "description": "false: the cookie ends with the browser, and the session after a day"},
	"Target":      {"type": []any{"string", "null"}, "maxLength": maxTarget, "description": "A path of ours like `/welcome`, or a URL of our origin or of one in TRUSTED_ORIGINS"},
	"LinkToken":   {"type": "string", "description": "The token in the mail"},
}

// The values in the examples.
var (
	exampleTime    = web.Time(time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC))
	exampleUser    = userJSON{Name: "Ada", Email: "ada@example.com", CreatedAt: exampleTime, UpdatedAt: exampleTime, ID: "usr_k5x2mnv7q4tz3w6ya2bcdefghi"}
	exampleSession = sessionJSON{
		ExpiresAt: web.Time(time.Date(2026, 2, 10, 12, 0, 0, 0, time.UTC)), Token: exampleHandle, CreatedAt: exampleTime, UpdatedAt: exampleTime,
		IPAddress: "203.0.113.7", UserAgent: "Mozilla/5.0", UserID: exampleUser.ID, ID: exampleHandle,
	}
	exampleLatest = web.Time(time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC))
)

const (
	exampleHandle   = "ses_m3vq7x2k5n4tz6wya2bcdefghi"
	examplePassword = "paper-lantern-42"
	anotherPassword = "correct horse battery"
	exampleLink     = "q7cQ2vJ0mX3nT8yB5kR1sL6wD9fH4gZ2aE0uP7iO3xc"
)

// The session's cookie in an answer.
var (
	setCookie         = cookieHeader("SetCookie", "The session cookie", "HttpOnly", "better-auth.session_token=...; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax", false)
	setCookieAlways   = cookieHeader("SetCookieAlways", "The session cookie", "HttpOnly", "better-auth.session_token=...; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax", true)
	signedAgain       = cookieHeader("SignedAgain", "The same cookie, signed with the current secret, if the request's was signed with BETTER_AUTH_SECRET_PREVIOUS", "HttpOnly", "better-auth.session_token=...; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax", false)
	changeCookie      = cookieHeader("ChangeCookie", "Clears the session cookie, if it was this session that ended. Otherwise the same as `SignedAgain`", "HttpOnly", "better-auth.session_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", false)
	clearCookie       = cookieHeader("ClearCookie", "Clears the session cookie", "=; Path=/; Max-Age=0; HttpOnly", "better-auth.session_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", false)
	clearCookieAlways = cookieHeader("ClearCookieAlways", "Clears the session cookie", "=; Path=/; Max-Age=0; HttpOnly", "better-auth.session_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", true)
)

func cookieHeader(component, text, pattern, example string, always bool) *endpoint.Header {
	return &endpoint.Header{Component: component, Name: "Set-Cookie", Text: text, Always: always, Schema: endpoint.Schema{"type": "string", "pattern": pattern}, Example: example}
}

// Examples of refusals whose text depends on the request or the settings.
var (
	badJSON         = web.BadJSON("Invalid JSON in request body, at byte 12")
	badField        = validation([]web.FieldError{{Field: "email", Message: "expected an email address"}})
	exampleTooShort = errTooShort(8)
	exampleOrigin   = errOrigin("Invalid origin: this site may not send requests here.")
)

func badTargets() (list []*web.Error) {
	for _, t := range targets {
		list = append(list, badTarget(t.code, t.message))
	}
	return list
}

// The answers that several endpoints share.
var (
	notModified = &endpoint.Answer{Component: "NotModified", Status: 304, Text: "The client has this version", Headers: []*endpoint.Header{endpoint.Revalidate, endpoint.ETag}}
	redirected  = &endpoint.Answer{Component: "Redirect", Status: 302, Text: "To `callbackURL`", Headers: []*endpoint.Header{{
		Component: "RedirectTarget", Name: "Location", Text: "Where the browser continues", Always: true,
		Schema: endpoint.Schema{"type": "string", "format": "uri-reference"}, Example: "https://app.example.com/new-password?token=" + exampleLink,
	}}}
	badBody = &endpoint.Answer{Component: "BadBody", Status: 400, Errors: []*web.Error{badJSON, badField},
		Text: "The body is not strict JSON, a field is missing or has the wrong type, or another fault that `code` names"}
	badOptional = &endpoint.Answer{Component: "BadOptionalBody", Status: 400, Errors: []*web.Error{badJSON, badField},
		Text: "The body is not strict JSON, or a field has the wrong type"}
	signedOut = &endpoint.Answer{Component: "SignedOut", Status: 401, Headers: []*endpoint.Header{clearCookie}, Errors: []*web.Error{errUnauthorized},
		Text: "There is no live session. The session is checked before the body is read, and again after it. The cookie of an ended session is cleared, unless a newer session has just replaced it"}
	forbidden = &endpoint.Answer{Component: "Forbidden", Status: 403, Errors: append([]*web.Error{exampleOrigin}, badTargets()...),
		Text: "The request comes from an origin that is neither ours nor in TRUSTED_ORIGINS, or names a target elsewhere"}
	notFresh = &endpoint.Answer{Component: "NotFresh", Status: 403, Errors: append(forbidden.Errors[:len(forbidden.Errors):len(forbidden.Errors)], errNotFresh),
		Text: "As for other endpoints. Or, with `SESSION_NOT_FRESH`, the password was not proven in this session within SESSION_FRESH_AGE: prove it with `/verify-password` and send the request again"}
	invalidOrigin    = &endpoint.Answer{Component: "InvalidOrigin", Status: 403, Errors: []*web.Error{exampleOrigin}, Text: "The request comes from an origin that is neither ours nor in TRUSTED_ORIGINS"}
	notFound         = &endpoint.Answer{Component: "NotFound", Status: 404, Errors: []*web.Error{web.ErrNotFound}, Text: "There is nothing at this path"}
	methodNotAllowed = &endpoint.Answer{Component: "MethodNotAllowed", Status: 405, Headers: []*endpoint.Header{endpoint.Allow}, Errors: []*web.Error{web.MethodNotAllowed(http.MethodPut, nil)},
		Text: "The path does not allow this method. `Allow` lists the methods that it allows"}
	timeout = &endpoint.Answer{Component: "Timeout", Status: 408, Errors: []*web.Error{web.ErrSlowBody},
		Text: "The body arrived too slowly: nothing for 30 seconds, or less than 500 bytes a second on average"}
	tooLarge  = &endpoint.Answer{Component: "TooLarge", Status: 413, Errors: []*web.Error{web.BodyTooLarge(maxBody)}, Text: "The body is over 32 KiB"}
	wrongType = &endpoint.Answer{Component: "UnsupportedMediaType", Status: 415, Headers: []*endpoint.Header{endpoint.AcceptEncoding}, Errors: []*web.Error{web.WrongType("application/json")},
		Text: "`Content-Type` is not `application/json`, or the body has a `Content-Encoding`"}
	tooMany = &endpoint.Answer{Component: "TooMany", Status: 429, Headers: []*endpoint.Header{endpoint.RetryAfter, endpoint.RetryAfter.As("X-Retry-After")}, Errors: []*web.Error{errTooMany},
		Text: "Too many attempts, whether or not the account exists, or too many concurrent requests of this client. Retry after `Retry-After`"}
	serverError = &endpoint.Answer{Component: "ServerError", Status: 500, Errors: []*web.Error{web.ErrInternal}, Text: "An internal error. Find it in the log by `X-Request-Id`"}
	unavailable = &endpoint.Answer{Component: "Unavailable", Status: 503, Headers: []*endpoint.Header{endpoint.RetryAfter}, Errors: []*web.Error{web.Unavailable(nil), web.Busy("sign-ins", nil)},
		Text: "The database is unavailable, or the server has too many passwords to verify, bodies to read, or requests in progress. Sessions are not affected. Retry after `Retry-After`"}
)

// answers describes the answer 200 with a JSON body.
func answers(text string, example any, headers ...*endpoint.Header) *endpoint.Answer {
	return &endpoint.Answer{Status: http.StatusOK, Text: text, Headers: headers, Examples: oneExample(example)}
}

func oneExample(value any) []endpoint.Example { return []endpoint.Example{{Name: "one", Value: value}} }

// page describes the answer 200 with an HTML page.
func page(text string) *endpoint.Answer {
	return &endpoint.Answer{Status: http.StatusOK, Text: text, Types: []string{"text/html"}}
}

func inQuery(name, text string, required bool, example any) *endpoint.Param {
	return &endpoint.Param{Name: name, In: "query", Text: text, Required: required, Schema: endpoint.Schema{"type": "string"}, Example: example}
}

// linkParam is the token of a link from a mail.
var linkParam = inQuery("token", "The token in the mail", true, exampleLink)

// knownVersion is the parameter of endpoints that send an ETag.
var knownVersion = &endpoint.Param{Component: "IfNoneMatch", Name: "If-None-Match", In: "header", Schema: text, Example: `"3"`,
	Text: "The ETags of the versions that the client has. If one of them is current, the answer is an empty 304"}

type nothingBody struct{}

// noInput is the body of an endpoint that needs none.
var noInput = &endpoint.Body{Text: "Nothing, or `{}`", Optional: true, Examples: []endpoint.Example{{Name: "empty", Value: nothingBody{}}}}
