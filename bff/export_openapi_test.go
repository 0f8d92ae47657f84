package bff

import (
	"github.com/gorilla/mux"

	"vestibule/internal/endpoint"
	"vestibule/internal/openapigen"
	"vestibule/internal/web"
)

// OpenAPI is the document.
var OpenAPI = openAPI

// Routes returns the router.
func (s *Server) Routes() *mux.Router { return s.router(s.routing.now().table) }

// Surface returns the endpoints, which the document is generated from.
func (s *Server) Surface() endpoint.Surface { return s.surface() }

// Refusals are the rows of docs/api.md about the refusals of /api/auth/.
var Refusals = []openapigen.Refusals{
	{When: "a field is missing or has the wrong type; the message names each", Errors: []*web.Error{badField}},
	{When: "sign-in with an invalid address", Errors: []*web.Error{errInvalidEmail}},
	{When: "shorter than `PASSWORD_MIN_LENGTH`, or longer than 128 code points", Errors: []*web.Error{exampleTooShort, errTooLong}},
	{When: "the new password is easily guessed: a common one, the user's address or the part before its @, the product's name, or one repeated character; `message` says which. `PASSWORD_DENY_COMMON=false` allows them", Errors: []*web.Error{errCommon}},
	{When: "sign-up with `SIGN_UP=off`; this is checked before the rest of the request", Errors: []*web.Error{errSignUpOff}},
	{When: "not JSON, trailing data, a duplicate name, invalid UTF-8, NUL; more than 100 members and elements of arrays, or more than 20 levels", Errors: []*web.Error{badJSON}},
	{When: "the current password is wrong", Errors: []*web.Error{errPassword}},
	{When: "the user has no password", Errors: []*web.Error{errNoCredential}},
	{When: "a reset link that was never made, was used, has expired, or was sent to an address that is no longer the user's", Errors: []*web.Error{errLink}},
	{When: "`/update-user`", Errors: []*web.Error{errEmailNotHere, errNoFields}},
	{When: "`/change-email`, `/send-verification-email`", Errors: []*web.Error{errSameEmail, errOtherEmail, errVerified}},
	{When: "no live session; checked before the body is read, and again after it", Errors: []*web.Error{errUnauthorized}},
	{When: "unknown address, wrong password, disabled account, or with `REQUIRE_EMAIL_VERIFICATION` an address that is not verified; the answer is the same for all", Errors: []*web.Error{errCredentials}},
	{When: "an invalid or expired link that verifies an address, changes it or undoes the change", Errors: []*web.Error{errDeadLink, errLinkExpired}},
	{When: "prove the password with `/verify-password` first", Errors: []*web.Error{errNotFresh}},
	{When: "a link that verifies or changes an address, without the account's session or password", Errors: []*web.Error{errPasswordNeeded}},
	{When: "neither a path of our origin nor a URL of `BASE_URL` or `TRUSTED_ORIGINS`; or on our own origin below `/api/`, in any spelling; or with a dot segment there", Errors: badTargets()},
	{When: "an unsafe request from an origin that is neither ours nor in `TRUSTED_ORIGINS`; the log shows what was received", Errors: []*web.Error{exampleOrigin}},
	{When: "405 with `Allow`", Errors: []*web.Error{web.ErrNotFound, web.MethodNotAllowed("PUT", nil)}},
	{When: "over 32 KiB; not `application/json`, or with a `Content-Encoding`", Errors: []*web.Error{web.BodyTooLarge(maxBody), web.WrongType("application/json")}},
	{When: "the body came too slowly: it made no progress for 30 seconds, or its average was below 500 bytes a second", Errors: []*web.Error{web.ErrSlowBody}},
	{When: "the address has an account", Errors: []*web.Error{errEmailTaken}},
	{When: "above a limit ([design.md](design.md#limits)), or too many requests of one client [at once](operations.md#bounds), with `Retry-After` and `X-Retry-After`; the same whether or not there is an account. A client that is refused often, with 429 or 401, gets its answers up to five seconds late", Errors: []*web.Error{errTooMany}},
	{When: "with `Retry-After`. `BUSY`: too many requests are in progress, too many passwords are being verified or too many bodies are being read, in total or from this address", Errors: []*web.Error{web.Busy("sign-ins", nil), web.Unavailable(nil)}},
	{When: "an internal error; the log has it under `X-Request-Id`", Errors: []*web.Error{web.ErrInternal}},
}
