package bff

import (
	"github.com/gorilla/mux"

	"vestibule/internal/endpoint"
	"vestibule/internal/openapigen"
	"vestibule/internal/web"
)

// OpenAPI is the document.
var OpenAPI = openAPI

// Routes is the router, to be walked.
func (s *Server) Routes() *mux.Router { return s.routes() }

// Surface is what the document is made of.
func (s *Server) Surface() endpoint.Surface { return s.surface() }

// Refusals are the rows of docs/api.md about what /api/auth/ refuses.
var Refusals = []openapigen.Refusals{
	{When: "a field is missing or of the wrong type; the message names each", Errors: []*web.Error{badField}},
	{When: "sign-in with something that is no address", Errors: []*web.Error{errInvalidEmail}},
	{When: "not `PASSWORD_MIN_LENGTH` to 128 code points", Errors: []*web.Error{exampleTooShort, errTooLong}},
	{When: "a new password that is guessed first: one of the common ones, the user's address or what stands before its @, the product's name, one character over and over; `message` says which. `PASSWORD_DENY_COMMON=false` lets them pass", Errors: []*web.Error{errCommon}},
	{When: "sign-up with `SIGN_UP=off`, before anything else about the request is looked at", Errors: []*web.Error{errSignUpOff}},
	{When: "not JSON, trailing data, a duplicate name, invalid UTF-8, NUL; more than 100 members and elements of arrays, or 20 levels of them", Errors: []*web.Error{badJSON}},
	{When: "the current password is wrong", Errors: []*web.Error{errPassword}},
	{When: "the user has no password", Errors: []*web.Error{errNoCredential}},
	{When: "a reset link that was never made, was used, has expired, or was sent to an address that is no longer the user's", Errors: []*web.Error{errLink}},
	{When: "`/update-user`", Errors: []*web.Error{errEmailNotHere, errNoFields}},
	{When: "`/change-email`, `/send-verification-email`", Errors: []*web.Error{errSameEmail, errOtherEmail, errVerified}},
	{When: "no live session; comes before the body is read, and again where the session has ended while the body came", Errors: []*web.Error{errUnauthorized}},
	{When: "unknown address, wrong password, disabled account, or with `REQUIRE_EMAIL_VERIFICATION` an address that is not verified: indistinguishable", Errors: []*web.Error{errCredentials}},
	{When: "a link that verifies, changes or undoes", Errors: []*web.Error{errDeadLink, errLinkExpired}},
	{When: "prove the password with `/verify-password` first", Errors: []*web.Error{errNotFresh}},
	{When: "a link that verifies or changes, without the account's session or password", Errors: []*web.Error{errPasswordNeeded}},
	{When: "neither a path of ours nor a URL of `BASE_URL` or `TRUSTED_ORIGINS`; or on our own origin below `/api/`, in any spelling, or with a dot segment", Errors: badTargets()},
	{When: "an unsafe request from an origin that is neither ours nor in `TRUSTED_ORIGINS`; the log has what was received", Errors: []*web.Error{exampleOrigin}},
	{When: "405 with `Allow`", Errors: []*web.Error{web.ErrNotFound, web.MethodNotAllowed("PUT", nil)}},
	{When: "over 32 KiB; not `application/json`, or with a `Content-Encoding`", Errors: []*web.Error{web.BodyTooLarge(maxBody), web.WrongType("application/json")}},
	{When: "the body came too slowly: it stood still for 30 seconds, or averaged less than 500 bytes a second", Errors: []*web.Error{web.ErrSlowBody}},
	{When: "", Errors: []*web.Error{errEmailTaken}},
	{When: "past a limit ([design.md](design.md#limits)), or too many requests of one client [at once](operations.md#bounds), with `Retry-After` and `X-Retry-After`; the same whether or not there is an account. A client that is refused often, this way or with 401, is answered up to five seconds late", Errors: []*web.Error{errTooMany}},
	{When: "with `Retry-After`; `BUSY` where too much is under way, from everywhere or from this address: passwords that are verified, bodies that are read, requests", Errors: []*web.Error{web.Busy("sign-ins", nil), web.Unavailable(nil)}},
	{When: "a fault of ours; the log has it under `X-Request-Id`", Errors: []*web.Error{web.ErrInternal}},
}
