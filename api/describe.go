package api

import (
	"net/http"

	"vestibule/api/bearer"
	"vestibule/internal/endpoint"
	"vestibule/internal/openapi"
	"vestibule/internal/web"
)

// Descriptions for the OpenAPI document that several endpoints share.

// surface is everything in the document.
func (s *Server) surface() endpoint.Surface {
	return endpoint.Surface{
		Title: "Vestibule task API", Summary: "The tasks of users, for callers with a bearer token.", Text: surfaceText,
		Tags:       []endpoint.Tag{{Name: "tasks", Text: "The tasks of one user"}, {Name: "about", Text: "About this API"}},
		Security:   map[string]endpoint.Schema{"bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": bearerText}},
		Headers:    []*endpoint.Header{endpoint.RequestID("The id under which the log has this request: the caller's own where it sent one"), endpoint.NoStore},
		Params:     []*endpoint.Param{userID, taskIDParam, openapi.FileParam},
		Schemas:    schemas,
		Errors:     endpoint.Shape{Type: problemType, Body: func(e *web.Error) any { return toProblem(e, "4kq2m6yx7n3ztv5w") }},
		Everywhere: &endpoint.Guard{Answers: []*endpoint.Answer{serverError}, Body: []*endpoint.Answer{timeout, tooLarge, wrongType}},
		Elsewhere:  []*endpoint.Answer{preflight, badRequest, unauthorizedAnswer, forbidden, noSuchPath, methodNotAllowed, serverError, unavailable},
		Endpoints:  s.endpoints(),
	}
}

const surfaceText = `The API behind Vestibule's BFF, open to internal services too.

- Every request under ` + "`/api/` needs one `Authorization: Bearer` header. `{user_id}` is the token's `sub`, byte for byte; `me` stands for it. A service's token opens the tasks of every user, as far as its `scope` goes." + `
- Errors are problem details (RFC 9457). Under ` + "`/api/` 401 comes first, then 403, then all others, also for paths and methods that do not exist: `x-elsewhere`" + ` has what those answer.
- A GET has its HEAD, with the same header and no body, unless the operation says ` + "`x-head: false`" + `.
- A trailing slash is the same resource. A query parameter that is not documented is ignored; one that is documented and malformed, or sent twice, is a 422.
- Every answer carries ` + "`X-Request-Id`, `X-Content-Type-Options`, `Content-Security-Policy`, `Cross-Origin-Resource-Policy` and `Referrer-Policy`; with `CORS_API_ORIGINS` `Vary: Origin`" + ` as well, and to a page of a listed origin the CORS headers.`

const bearerText = "A JWT whose `iss`, `aud`, `sub` and `exp` are right. The BFF attaches a user's, which has no `scope` and opens all of that user's own tasks. " +
	"A service gets its own from the BFF's `POST /api/auth/oauth2/token` or an operator's `vestibule token`; its `scope` must have `tasks:read` to read and `tasks:write` to change, of whichever user."

// The guards of the task endpoints.
var (
	reads  = scoped(TasksRead)
	writes = scoped(TasksWrite)
)

func scoped(scope string) *endpoint.Guard {
	return &endpoint.Guard{
		Security: []map[string][]string{{"bearerAuth": {scope}}},
		Answers:  []*endpoint.Answer{badRequest, unauthorizedAnswer, forbidden, noSuchUser, invalidAnswer, tooManyAnswer, unavailable},
	}
}

var (
	userID = &endpoint.Param{Component: "UserId", Name: "user_id", In: "path", Required: true, Text: "The user: the token's `sub`, or `me`",
		Schema: endpoint.Schema{"type": "string", "minLength": 1, "maxLength": 255}, Examples: []endpoint.Example{{Name: "me", Value: me}, {Name: "user", Value: exampleTask.UserID}}}
	taskIDParam = &endpoint.Param{Component: "TaskId", Name: "id", In: "path", Required: true, Text: "The id of the task",
		Schema: endpoint.Schema{"type": "integer", "format": "int64", "minimum": 1}, Example: 1}
	ifMatchHeader = &endpoint.Param{Component: "IfMatch", Name: "If-Match", In: "header", Schema: text, Example: `"3"`,
		Text: "Change the task only if it still has one of these versions, named as in its `ETag`, or `*` for any version"}
	ifNoneMatchHeader = &endpoint.Param{Component: "IfNoneMatch", Name: "If-None-Match", In: "header", Schema: text, Example: `"3"`,
		Text: "The versions that the client has, named as in `ETag`: if the current version is one of these, the answer is an empty 304. An unreadable header is ignored"}
	ifOtherHeader = &endpoint.Param{Component: "IfOther", Name: "If-None-Match", In: "header", Schema: text, Example: "*",
		Text: "If the task has one of these versions, the answer is 412. With `*` it is 412 if the task exists, and 404 if it does not"}
)

var text = endpoint.Schema{"type": "string"}

var (
	acceptPatchHeader = &endpoint.Header{Component: "AcceptPatch", Name: "Accept-Patch", Text: "For a task: the media types of a PATCH (RFC 5789 §3.1)",
		Schema: endpoint.Schema{"type": "string", "const": acceptPatch}, Example: acceptPatch}
	cacheControlAny = &endpoint.Header{Component: "CacheControlAny", Name: "Cache-Control", Text: "As with a 200", Always: true,
		Schema: endpoint.Schema{"type": "string", "enum": []any{"no-store", "no-cache"}}, Example: "no-cache"}
	challenge = &endpoint.Header{Component: "WWWAuthenticate", Name: "WWW-Authenticate", Always: true,
		Text:   "The scheme, and the fault of the token if one was sent (RFC 6750 §3.1)",
		Schema: endpoint.Schema{"type": "string", "pattern": `^Bearer( error="invalid_token", error_description="[ A-Za-z]+")?$`}, Example: bearer.ErrExpired.Header.Get("WWW-Authenticate")}
	scopeChallenge = &endpoint.Header{Component: "ScopeChallenge", Name: "WWW-Authenticate", Text: "Only if the scope is the reason (RFC 6750 §3.1)",
		Schema: endpoint.Schema{"type": "string", "const": bearer.ErrScope.Header.Get("WWW-Authenticate")}, Example: bearer.ErrScope.Header.Get("WWW-Authenticate")}
	closes = &endpoint.Header{Component: "ConnectionClose", Name: "Connection", Text: "The server closes the connection",
		Schema: endpoint.Schema{"type": "string", "const": "close"}, Example: "close"}
)

var badPath, badBody = web.BadPath("contains an encoded slash"), web.BadJSON("Invalid JSON in request body, at byte 12")

// The answers that several endpoints share.
var (
	preflight         = endpoint.Preflight("What a page of a listed origin may send (CORS). Without the Access-Control headers the page may send nothing. Only with CORS_API_ORIGINS; otherwise a preflight is a 401, like every request without a token")
	notModifiedAnswer = &endpoint.Answer{Component: "NotModified", Status: 304, Text: "The client already has this version", Headers: []*endpoint.Header{cacheControlAny, endpoint.ETag}}
	badRequest        = &endpoint.Answer{Component: "BadRequest", Status: 400, Errors: []*web.Error{badPath, errQuery},
		Text: "The path is ambiguous: it has a dot segment, an encoded slash, a backslash, an empty segment or a control character. Or the query does not consist of `name=value` pairs."}
	badCondition = &endpoint.Answer{Component: "BadCondition", Status: 400, Errors: []*web.Error{badHeader("If-Match", tagsMessage), badPath},
		Text: "`If-Match`, or `If-None-Match` of a change, is invalid (`errors` names it). Or the path or the query is invalid."}
	badChange = &endpoint.Answer{Component: "BadChange", Status: 400, Errors: []*web.Error{badBody, badHeader("If-Match", tagsMessage)},
		Text: "The body is not strict JSON: it is empty, is not an object, or has trailing data, a duplicate name, invalid UTF-8 or a NUL. Or `If-Match` or `If-None-Match` is invalid (`errors` names it). Or the path or the query is invalid."}
	unauthorizedAnswer = &endpoint.Answer{Component: "Unauthorized", Status: 401, Headers: []*endpoint.Header{challenge},
		Text:   "The request does not have exactly one valid token. This is checked before anything else.",
		Errors: []*web.Error{bearer.ErrNotAuthenticated, bearer.ErrExpired, bearer.ErrInvalid, bearer.ErrNoSubject}}
	forbidden = &endpoint.Answer{Component: "Forbidden", Status: 403, Headers: []*endpoint.Header{scopeChallenge}, Errors: []*web.Error{errNotOwner, bearer.ErrScope},
		Text: "`user_id` is not the token's subject, or the token's scope does not allow this. The answer is the same whether or not the path exists."}
	notFound = &endpoint.Answer{Component: "NotFound", Status: 404, Errors: []*web.Error{errNoTask, errNoUser},
		Text: "The user has no such task. The answer is the same if another user has it."}
	noSuchUser = &endpoint.Answer{Component: "NoSuchUser", Status: 404, Errors: []*web.Error{errNoUser},
		Text: "There is no such user. Only services get this answer: their tokens open the tasks of any user."}
	noSuchPath       = &endpoint.Answer{Component: "NoSuchPath", Status: 404, Errors: []*web.Error{web.ErrNotFound}, Text: "There is nothing at this path."}
	methodNotAllowed = &endpoint.Answer{Component: "MethodNotAllowed", Status: 405, Headers: []*endpoint.Header{endpoint.Allow, acceptPatchHeader},
		Errors: []*web.Error{web.MethodNotAllowed(http.MethodPut, nil)}, Text: "The path does not have this method. `Allow` lists its methods."}
	timeout = &endpoint.Answer{Component: "Timeout", Status: 408, Headers: []*endpoint.Header{closes}, Errors: []*web.Error{web.ErrSlowBody},
		Text: "The body came too slowly: it made no progress for 30 seconds, or its average was below 500 bytes a second."}
	preconditionFailed = &endpoint.Answer{Component: "PreconditionFailed", Status: 412, Errors: []*web.Error{errChanged, errExists},
		Text: "The task's version is not in `If-Match`: read the task again. Or the task exists, and the change has `If-None-Match: *`."}
	tooLarge  = &endpoint.Answer{Component: "TooLarge", Status: 413, Headers: []*endpoint.Header{closes}, Errors: []*web.Error{web.BodyTooLarge(maxBody)}, Text: "The body is over 1 MiB."}
	wrongType = &endpoint.Answer{Component: "UnsupportedMediaType", Status: 415, Headers: []*endpoint.Header{endpoint.AcceptEncoding, acceptPatchHeader}, Errors: []*web.Error{web.WrongType("application/json")},
		Text: "`Content-Type` is not `application/json` (of a PATCH, nor `application/merge-patch+json`), or the body has a `Content-Encoding`."}
	invalidAnswer = &endpoint.Answer{Component: "Invalid", Status: 422, Text: "Fields of the body, the path or the query are invalid: `errors` names each of them, unknown fields too.",
		Errors: []*web.Error{invalidFields(web.FieldError{Field: "title", Message: titleMessage}), invalidQuery(web.FieldError{Field: "limit", Message: limitMessage}), invalidFields(web.FieldError{Field: "id", Message: taskIDMessage})}}
	tooManyAnswer = &endpoint.Answer{Component: "TooMany", Status: 429, Headers: []*endpoint.Header{endpoint.RetryAfter}, Errors: []*web.Error{errTooMany, errUserSearches, errStreams, errTooManyKeys},
		Text: "Too many requests of the caller are under way (MAX_REQUESTS_PER_CALLER). Or the user runs too many searches, or the user or all users together have too many event streams. Or the user has made too many requests with an `Idempotency-Key` in the last 24 hours, and no further answer can be kept: nothing was done, so try without a key, or later. Try again after `Retry-After`."}
	serverError = &endpoint.Answer{Component: "ServerError", Status: 500, Errors: []*web.Error{web.ErrInternal}, Text: "An internal error. `request_id` identifies it in the log."}
	unavailable = &endpoint.Answer{Component: "Unavailable", Status: 503, Headers: []*endpoint.Header{endpoint.RetryAfter}, Errors: []*web.Error{web.Unavailable(nil), bearer.ErrNoKeys, web.Busy("requests with a body are being read", nil)},
		Text: "The database or the keys that verify tokens are unavailable at the moment. Or too many bodies are being read, or too many searches are under way. Try again after `Retry-After`."}
)
