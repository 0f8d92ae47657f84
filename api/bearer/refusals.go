package bearer

import (
	"net/http"

	"vestibule/internal/web"
)

// The refusals, as the client reads them. The reason is only for the log. If no token was
// sent, the challenge names no error (RFC 6750 §3.1).
var (
	ErrNotAuthenticated = unauthorized("Not authenticated", "Bearer")
	ErrInvalid          = tokenRefused("Invalid token")
	ErrExpired          = tokenRefused("Token has expired") // only for a token that was valid once
	ErrNoSubject        = tokenRefused("Invalid authentication credentials")
	// ErrScope refuses a token without the needed scope.
	ErrScope = web.Refuse(http.StatusForbidden, "INSUFFICIENT_SCOPE", "Insufficient scope").
			With("WWW-Authenticate", `Bearer error="insufficient_scope"`)
	// ErrNoKeys means that no token can be verified yet.
	ErrNoKeys = web.Refuse(http.StatusServiceUnavailable, "KEYS_UNAVAILABLE", "Tokens cannot be verified yet. Please try again.").
			With("Retry-After", "2")
)

func unauthorized(detail, challenge string) *web.Error {
	return web.Refuse(http.StatusUnauthorized, "UNAUTHORIZED", detail).With("WWW-Authenticate", challenge)
}

func tokenRefused(detail string) *web.Error {
	return unauthorized(detail, `Bearer error="invalid_token", error_description="`+detail+`"`)
}
