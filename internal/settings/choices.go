package settings

import (
	"log/slog"
	"net/http"
	"time"

	"vestibule/internal/jose"
)

const (
	// A cookie's Max-Age counts whole seconds.
	shortestSession = time.Second
	// They all end in one transaction, with a new password for one.
	maxSessions = 1000
	maxTasks    = 10_000_000_000 // beyond it a digit was mistyped
	// Browsers cut a cookie's life to 400 days (RFC 6265bis §5.5).
	longestCookie  = 400 * 24 * time.Hour
	longestSession = 10 * 365 * 24 * time.Hour // beyond it a digit was mistyped

	// A token must outlive the request it is attached to and the 30 s that
	// two clocks may differ by.
	shortestToken = 30 * time.Second
	// A token cannot be recalled. It never leaves the servers, but after an
	// hour the session behind it should have been asked again.
	longestToken = time.Hour
)

// choice is a word that a setting may be, and what it means.
type choice[T any] struct {
	word  string
	means T
}

var (
	boolWords  = []choice[bool]{{"true", true}, {"false", false}}
	offSwitch  = []choice[bool]{{"on", false}, {"off", true}}
	sameSite   = []choice[http.SameSite]{{"lax", http.SameSiteLaxMode}, {"strict", http.SameSiteStrictMode}, {"none", http.SameSiteNoneMode}}
	algorithms = []choice[string]{{jose.HS256, jose.HS256}, {jose.EdDSA, jose.EdDSA}, {jose.ES256, jose.ES256}}
	logFormats = []choice[string]{{"text", "text"}, {"json", "json"}}
	logLevels  = []choice[slog.Level]{{"debug", slog.LevelDebug}, {"info", slog.LevelInfo}, {"warn", slog.LevelWarn}, {"error", slog.LevelError}}
)
