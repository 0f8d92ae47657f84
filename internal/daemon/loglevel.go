package daemon

import (
	"io"
	"log/slog"
	"net/http"
	"strings"

	"vestibule/internal/web"
)

// maxLevel is longer than every level.
const maxLevel = 16

var errFromBrowser = web.Refuse(http.StatusForbidden, "FORBIDDEN", "A page in a browser may not change the log level. Use curl.")

// levelAnswer is the answer of /log-level.
type levelAnswer struct {
	Level string `json:"level"`
}

// logLevel answers GET /log-level.
func (a *admin) logLevel(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, levelAnswer{strings.ToLower(a.level.Level().String())})
}

// setLogLevel answers PUT /log-level, whose body is one of the words of LOG_LEVEL. The level holds
// until the next change or restart. Any page that an operator has open could send the request to
// localhost, and a page whose name leads here could read the answer; but a browser says that it
// is one.
func (a *admin) setLogLevel(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
		return errFromBrowser
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLevel))
	word := strings.TrimSpace(string(text))
	var level slog.Level
	if err != nil || word != strings.ToLower(word) || strings.ContainsAny(word, "+-") || level.UnmarshalText([]byte(word)) != nil {
		return web.Refuse(http.StatusUnprocessableEntity, "VALIDATION_ERROR", "The body must be debug, info, warn or error.")
	}
	before := a.level.Level()
	// Logged while the more talkative one of both levels holds.
	if level < before {
		a.level.Set(level)
	}
	a.log.Warn("the log level was changed at the admin address; it holds until the next restart", "before", strings.ToLower(before.String()), "level", word)
	a.level.Set(level)
	return a.logLevel(w, r)
}
