package oauth

import (
	"net/http"
	"strings"

	"vestibule/internal/jose"
	"vestibule/internal/web"
)

// The errors of the endpoints (RFC 6749 §5.2, RFC 8693 §2.2.2).
const (
	invalidRequest     = "invalid_request"
	invalidClient      = "invalid_client"
	unauthorizedClient = "unauthorized_client"
	unsupportedType    = "unsupported_grant_type"
	invalidScope       = "invalid_scope"
	invalidTarget      = "invalid_target"
	unavailable        = "temporarily_unavailable"
	serverError        = "server_error"
)

func refuse(code, description string) *web.Error {
	return web.Refuse(http.StatusBadRequest, code, description)
}

func badRequest(description string) *web.Error { return refuse(invalidRequest, description) }

// refuseClient returns a 401. Every 401 must name an authentication scheme (RFC 9110
// §11.6.1).
func refuseClient(description string) *web.Error {
	return web.Refuse(http.StatusUnauthorized, invalidClient, description).With("WWW-Authenticate", `Basic realm="vestibule"`)
}

// errNotGiven refuses to revoke a token of somebody else (RFC 7009 §2.1).
var errNotGiven = refuse(unauthorizedClient, "The token was not given to this client.")

// errTooManyRevoked says that the token is still valid (RFC 7009 §2.2.1). A token lives five
// minutes, so a client that is at its limit has room again soon.
var errTooManyRevoked = web.Refuse(http.StatusTooManyRequests, unavailable, "The client has revoked too many tokens. This one is still valid.").
	With("Retry-After", "60").With("X-Retry-After", "60")

// errClient is the answer for an unknown client and for a wrong secret. It does not tell
// them apart.
var errClient = refuseClient("Unknown client or wrong secret.")

// oauthErrorJSON is the error body of RFC 6749 §5.2.
type oauthErrorJSON struct {
	Error       string `json:"error" doc:"RFC 6749 §5.2"`
	Description string `json:"error_description" doc:"For developers"`
}

// WriteError writes e as RFC 6749 §5.2 defines it.
func WriteError(w http.ResponseWriter, _ *http.Request, e *web.Error) {
	_ = web.WriteJSON(w, e.Status, toJSON(e)) // encoding two strings cannot fail
}

// toJSON replaces an error code of the BFF by one of OAuth, which the client knows.
func toJSON(e *web.Error) oauthErrorJSON {
	code := e.Code
	if code == "" || strings.ToLower(code) != code {
		switch {
		case e.Status == http.StatusTooManyRequests, e.Status == http.StatusServiceUnavailable:
			code = unavailable
		case e.Status >= 500:
			code = serverError
		default:
			code = invalidRequest
		}
	}
	return oauthErrorJSON{code, e.Message}
}

// Errors that the description of the endpoint shows as examples.
var (
	errNoGrantType = badRequest("The parameter grant_type is missing.")
	errNoToken     = badRequest("The parameter token is missing.")
	errGrantType   = refuse(unsupportedType, "Use the grant_type "+grantClientCredentials+" or "+grantTokenExchange+".")
)

func lacksGrant(grant string) *web.Error {
	return refuse(unauthorizedClient, "The client was not made for this grant_type: it lacks the grant "+grant+".")
}

func wrongScope(word string) *web.Error {
	return refuse(invalidScope, "The scope "+named(word)+" is not allowed here.")
}

func wrongAudience(audience string) *web.Error {
	return refuse(invalidTarget, "The audience "+named(audience)+" is not allowed for this client.")
}

// named makes text from a client safe to repeat in an error_description: it is short and
// has only characters that RFC 6749 §5.2 allows.
func named(text string) string {
	if len(text) > 200 {
		text = text[:200] + "..."
	}
	return strings.Map(func(r rune) rune {
		if !jose.Quotable(r) {
			return '?'
		}
		return r
	}, text)
}
