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
	// A new password, for example, ends all sessions of a user in one transaction.
	maxSessions = 1000
	maxTasks    = 10_000_000_000 // a larger number is a typing error
	// Browsers limit the lifetime of a cookie to 400 days (RFC 6265bis §5.5).
	longestCookie  = 400 * 24 * time.Hour
	longestSession = 10 * 365 * 24 * time.Hour // a larger number is a typing error

	// A token must stay valid during its request, even if the clocks of the BFF and
	// the API differ by 30 s.
	shortestToken = 30 * time.Second
	// A token cannot be revoked, so its session must be checked again after an hour
	// at the latest.
	longestToken = time.Hour

	longestRotation = 10 * 365 * 24 * time.Hour // a larger number is a typing error

	// Nobody can reach a listener on a loopback host through a load balancer elsewhere.
	defaultDrainDelay = 5 * time.Second
	longestDrainDelay = 10 * time.Minute // a larger number is a typing error

	// Less would close connections of browsers between two clicks. More would keep the
	// connections of clients that are gone.
	shortestKeepAlive = 5 * time.Second
	longestKeepAlive  = time.Hour
)

// choice is one allowed word of a setting and its meaning.
type choice[T any] struct {
	word  string
	means T
}

func wordsOf[T any](choices []choice[T]) []string {
	words := make([]string, len(choices))
	for i, choice := range choices {
		words[i] = choice.word
	}
	return words
}

// oneWord returns s as a setting whose value is one of the choices. store stores what the
// word means.
func oneWord[T any](choices []choice[T], store func(c *checker, means T), s setting) setting {
	s.choices = wordsOf(choices)
	s.check = func(c *checker, v string) { store(c, oneOf(c, v, choices)) }
	return s
}

var (
	boolWords  = []choice[bool]{{"true", true}, {"false", false}}
	offSwitch  = []choice[bool]{{"on", false}, {"off", true}}
	sameSite   = []choice[http.SameSite]{{"lax", http.SameSiteLaxMode}, {"strict", http.SameSiteStrictMode}, {"none", http.SameSiteNoneMode}}
	algorithms = []choice[string]{{jose.HS256, jose.HS256}, {jose.EdDSA, jose.EdDSA}, {jose.ES256, jose.ES256}}
	tokenTypes = []choice[string]{{jose.TypeAccessToken, jose.TypeAccessToken}, {jose.TypeJWT, jose.TypeJWT}}
	transports = []choice[bool]{{"direct", false}, {"standard", true}} // means: net/http's alone
	logFormats = []choice[string]{{"text", "text"}, {"json", "json"}}
	logLevels  = []choice[slog.Level]{{"debug", slog.LevelDebug}, {"info", slog.LevelInfo}, {"warn", slog.LevelWarn}, {"error", slog.LevelError}}
)
