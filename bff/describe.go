package bff

import (
	"net/http"
	"time"

	"vestibule/bff/password"
	"vestibule/internal/endpoint"
	"vestibule/internal/openapi"
	"vestibule/internal/web"
)

// What several endpoints have in common, as the OpenAPI document says it.

// surface is everything that the document describes.
func (s *Server) surface() endpoint.Surface {
	return endpoint.Surface{
		Title: "Vestibule BFF", Summary: "Accounts, cookie sessions, and the way to the API, for browsers.", Text: surfaceText,
		Tags: []endpoint.Tag{
			{Name: "account", Text: "Sign up, in and out; what belongs to the account"}, {Name: "session", Text: "Where the user is signed in"},
			{Name: "mail", Text: "What goes by mail"}, {Name: "service", Text: "Tokens for services"},
			{Name: "proxy", Text: "The API behind the BFF"}, {Name: "about", Text: "What this is"},
		},
		Security: map[string]endpoint.Schema{
			"session": {"type": "apiKey", "in": "cookie", "name": "better-auth.session_token",
				"description": "Set by signing up or in, `HttpOnly`. On https its name begins with `__Host-`; COOKIE_NAME gives it another."},
			"clientBasic": {"type": "http", "scheme": "basic", "description": "The client's id and secret, each form-encoded first (RFC 6749 §2.3.1)"},
		},
		Headers: []*endpoint.Header{endpoint.RequestID("The id under which the log has this request"), endpoint.NoStore},
		Params: []*endpoint.Param{
			openapi.FileParam,
			{Name: "token", In: "path", Required: true, Text: "The one in the mail", Schema: text, Example: exampleLink},
			{Name: "path", In: "path", Required: true, Text: "What follows `/api/` at the API, slashes included", Schema: text, Example: "me/tasks"},
			{Name: "page", In: "path", Required: true, Text: "A file of the app or a path of its router, slashes included; nothing for its first page", Schema: text, Example: "tasks"},
		},
		Schemas:    schemas,
		Errors:     endpoint.Shape{Type: "application/json", Body: func(e *web.Error) any { return toErrorJSON(e) }, Code: "code"},
		Everywhere: &endpoint.Guard{Answers: []*endpoint.Answer{serverError}},
		Elsewhere:  []*endpoint.Answer{endpoint.Preflight("What a listed origin may send (CORS); without the Access-Control headers it may send nothing"), invalidOrigin, notFound, methodNotAllowed, serverError},
		Endpoints:  s.endpoints(),
	}
}

const surfaceText = "What a single-page app talks to. Shapes, codes and cookie of `/api/auth/` are Better Auth's, so that its official client works.\n\n" +
	"- Errors are `{error, code, message}`: the status text, a stable code, a text for people. `/api/auth/oauth2/token` has those of OAuth.\n" +
	"- An unsafe request must come from our own origin or one in TRUSTED_ORIGINS: `Origin` decides, else `Referer`, else `Sec-Fetch-Site`; a request with none of them comes from no browser and passes.\n" +
	"- `token` in a body is a session's handle: it names the session and opens nothing. The secret is in the cookie alone.\n" +
	"- A GET has its HEAD, with the same header and no body, unless the operation says `x-head: false`. `x-elsewhere` has what other paths and methods answer.\n" +
	"- `x-limit` says which limit attempts count against, `x-audit` what the audit trail may get.\n" +
	"- Every answer carries `X-Request-Id`, `X-Content-Type-Options`, `Content-Security-Policy`, `Referrer-Policy`, `Cross-Origin-Resource-Policy: same-origin`, `Vary: Origin`, and on https `Strict-Transport-Security`; to a listed origin the CORS headers in place of `Cross-Origin-Resource-Policy`."

// The guards: who may ask.
var (
	asAnybody    = guarded(nil, tooMany, unavailable)
	asVisitor    = guarded([]map[string][]string{{"session": {}}, {}}, tooMany, unavailable)
	asUser       = guarded([]map[string][]string{{"session": {}}}, signedOut, tooMany, unavailable)
	asFreshUser  = guarded([]map[string][]string{{"session": {}}}, notFresh, signedOut, tooMany, unavailable)
	throughProxy = &endpoint.Guard{Security: []map[string][]string{{"session": {}}}}
)

func guarded(security []map[string][]string, answers ...*endpoint.Answer) *endpoint.Guard {
	return &endpoint.Guard{Security: security, Answers: answers, Body: []*endpoint.Answer{badBody, forbidden, timeout, tooLarge, wrongType}}
}

var text = endpoint.Schema{"type": "string"}

// schemas are those of members that several bodies have.
var schemas = map[string]endpoint.Schema{
	"Email":       {"type": "string", "maxLength": maxEmail, "description": "An address, in whatever case", "examples": []any{exampleUser.Email}},
	"Password":    {"type": "string", "maxLength": password.MaxLength, "format": "password"},
	"NewPassword": {"type": "string", "maxLength": password.MaxLength, "format": "password", "description": "PASSWORD_MIN_LENGTH (8) to 128 code points"},
	"Name":        {"type": "string", "description": "At most 1024 bytes; at sign-up, what stands before the @ where it is missing"},
	"Image":       {"type": []any{"string", "null"}, "description": "At most 8192 bytes; null for none"},
	"RememberMe":  {"type": "boolean", "default": true, "description": "false: the cookie ends with the browser, and the session after a day"},
	"Target":      {"type": []any{"string", "null"}, "maxLength": maxTarget, "description": "A path of ours like `/welcome`, or a URL of our origin or of one in TRUSTED_ORIGINS"},
	"LinkToken":   {"type": "string", "description": "The one in the mail"},
}

// What the examples are about.
var (
	exampleTime    = web.Time(time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC))
	exampleUser    = userJSON{Name: "Ada", Email: "ada@example.com", CreatedAt: exampleTime, UpdatedAt: exampleTime, ID: "usr_k5x2mnv7q4tz3w6ya2bcdefghi"}
	exampleSession = sessionJSON{
		ExpiresAt: web.Time(time.Date(2026, 2, 10, 12, 0, 0, 0, time.UTC)), Token: exampleHandle, CreatedAt: exampleTime, UpdatedAt: exampleTime,
		IPAddress: "203.0.113.7", UserAgent: "Mozilla/5.0", UserID: exampleUser.ID, ID: exampleHandle,
	}
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
	clearCookie       = cookieHeader("ClearCookie", "Clears the session cookie", "=; Path=/; Max-Age=0; HttpOnly", "better-auth.session_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", false)
	clearCookieAlways = cookieHeader("ClearCookieAlways", "Clears the session cookie", "=; Path=/; Max-Age=0; HttpOnly", "better-auth.session_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", true)
)

func cookieHeader(component, text, pattern, example string, always bool) *endpoint.Header {
	return &endpoint.Header{Component: component, Name: "Set-Cookie", Text: text, Always: always, Schema: endpoint.Schema{"type": "string", "pattern": pattern}, Example: example}
}

// Refusals as examples, where they are made for each request.
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
		Component: "RedirectTarget", Name: "Location", Text: "Where the browser goes on", Always: true,
		Schema: endpoint.Schema{"type": "string", "format": "uri-reference"}, Example: "https://app.example.com/new-password?token=" + exampleLink,
	}}}
	badBody = &endpoint.Answer{Component: "BadBody", Status: 400, Errors: []*web.Error{badJSON, badField},
		Text: "The body is not strict JSON, a field is missing or of the wrong type, or as `code` says"}
	badOptional = &endpoint.Answer{Component: "BadOptionalBody", Status: 400, Errors: []*web.Error{badJSON, badField},
		Text: "There is a body, and it is not strict JSON or a field has the wrong type"}
	signedOut = &endpoint.Answer{Component: "SignedOut", Status: 401, Headers: []*endpoint.Header{clearCookie}, Errors: []*web.Error{errUnauthorized},
		Text: "There is no live session. It comes before the body is read, and again when the session has ended while the body came; the cookie of a session that has ended is cleared, unless a newer one has just taken its place"}
	forbidden = &endpoint.Answer{Component: "Forbidden", Status: 403, Errors: append([]*web.Error{exampleOrigin}, badTargets()...),
		Text: "The request comes from an origin that is neither ours nor in TRUSTED_ORIGINS, or names a target outside of them"}
	notFresh = &endpoint.Answer{Component: "NotFresh", Status: 403, Errors: append(forbidden.Errors[:len(forbidden.Errors):len(forbidden.Errors)], errNotFresh),
		Text: "As for other endpoints; or, with `SESSION_NOT_FRESH`, the password was not proven in this session within SESSION_FRESH_AGE: `/verify-password` proves it, and then the request can be sent again"}
	invalidOrigin    = &endpoint.Answer{Component: "InvalidOrigin", Status: 403, Errors: []*web.Error{exampleOrigin}, Text: "The request comes from an origin that is neither ours nor in TRUSTED_ORIGINS"}
	notFound         = &endpoint.Answer{Component: "NotFound", Status: 404, Errors: []*web.Error{web.ErrNotFound}, Text: "There is nothing at this path"}
	methodNotAllowed = &endpoint.Answer{Component: "MethodNotAllowed", Status: 405, Headers: []*endpoint.Header{endpoint.Allow}, Errors: []*web.Error{web.MethodNotAllowed(http.MethodPut, nil)},
		Text: "The path does not have this method; `Allow` has those that it has"}
	timeout = &endpoint.Answer{Component: "Timeout", Status: 408, Errors: []*web.Error{web.ErrSlowBody},
		Text: "The body came too slowly: it stood still for 30 seconds, or averaged less than 500 bytes a second"}
	tooLarge  = &endpoint.Answer{Component: "TooLarge", Status: 413, Errors: []*web.Error{web.BodyTooLarge(maxBody)}, Text: "The body is over 32 KiB"}
	wrongType = &endpoint.Answer{Component: "UnsupportedMediaType", Status: 415, Headers: []*endpoint.Header{endpoint.AcceptEncoding}, Errors: []*web.Error{web.WrongType("application/json")},
		Text: "`Content-Type` is not `application/json`, or the body has a `Content-Encoding`"}
	tooMany = &endpoint.Answer{Component: "TooMany", Status: 429, Headers: []*endpoint.Header{endpoint.RetryAfter, endpoint.RetryAfter.As("X-Retry-After")}, Errors: []*web.Error{errTooMany},
		Text: "Past a limit, whether or not there is an account, or too many requests of this client at once. Ask again after `Retry-After`"}
	serverError = &endpoint.Answer{Component: "ServerError", Status: 500, Errors: []*web.Error{web.ErrInternal}, Text: "A fault of ours. The log has it under `X-Request-Id`"}
	unavailable = &endpoint.Answer{Component: "Unavailable", Status: 503, Headers: []*endpoint.Header{endpoint.RetryAfter}, Errors: []*web.Error{web.Unavailable(nil), web.Busy("sign-ins", nil)},
		Text: "The database cannot be asked, or too many passwords are being verified, bodies read, or requests under way. A session stays what it was. Ask again after `Retry-After`"}
)

// answers is the answer of an endpoint that did what was asked.
func answers(text string, example any, headers ...*endpoint.Header) *endpoint.Answer {
	return &endpoint.Answer{Status: http.StatusOK, Text: text, Headers: headers, Examples: one(example)}
}

func one(value any) []endpoint.Example { return []endpoint.Example{{Name: "one", Value: value}} }

// page is the answer of an endpoint that shows something to a person.
func page(text string) *endpoint.Answer {
	return &endpoint.Answer{Status: http.StatusOK, Text: text, Types: []string{"text/html"}}
}

func inQuery(name, text string, required bool, example any) *endpoint.Param {
	return &endpoint.Param{Name: name, In: "query", Text: text, Required: required, Schema: endpoint.Schema{"type": "string"}, Example: example}
}

// linkParam is the token of a link that is followed.
var linkParam = inQuery("token", "The one in the mail", true, exampleLink)

// knownVersion is the parameter of what has an entity tag.
var knownVersion = &endpoint.Param{Component: "IfNoneMatch", Name: "If-None-Match", In: "header", Schema: text, Example: `"3"`,
	Text: "The versions that the client has, as `ETag` named them: if it is one of these, the answer is an empty 304"}

type nothingBody struct{}

// noInput is the body of an endpoint that needs none.
var noInput = &endpoint.Body{Text: "Nothing, or `{}`", Optional: true, Examples: []endpoint.Example{{Name: "empty", Value: nothingBody{}}}}
