package proxy

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"vestibule/internal/values"
	"vestibule/internal/web"
)

// A developer whose header does not arrive at the API should not have to guess. At the level
// debug the log record of a request names the headers that did not pass. It has no values:
// they hold cookies and tokens.

const (
	maxDropped    = 20 // how many names the log record has
	maxDroppedLen = 64 // how many bytes of a name it has
)

// noteDropped names the client's headers that do not pass, at the level debug.
func (p *Proxy) noteDropped(x *exchange) {
	if !web.Debugging(x.in) {
		return
	}
	var dropped []string
	for name := range x.in.Header {
		if p.allowed.Passes(name) || passesOtherwise(name, x.upgrade) {
			continue
		}
		dropped = append(dropped, name)
	}
	NoteNotForwarded(x.in, dropped)
}

// NoteNotForwarded adds the names of headers that do not pass to the log record of r. It sorts
// names. One that is not a name is left out, because it could deceive the reader.
func NoteNotForwarded(r *http.Request, names []string) {
	names = slices.DeleteFunc(names, func(name string) bool { return !values.IsToken(name) })
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	more := max(0, len(names)-maxDropped)
	shown := slices.Clone(names[:len(names)-more])
	for i, name := range shown {
		if len(name) > maxDroppedLen {
			shown[i] = name[:maxDroppedLen] + "…"
		}
	}
	web.Note(r, slog.String("not_forwarded", strings.Join(shown, ", ")))
	if more > 0 {
		web.Note(r, slog.Int("not_forwarded_more", more))
	}
}

// passesOtherwise reports whether a header outside the list has its effect at the API: as the
// length of the body, as a trace that is continued, or in a WebSocket handshake.
func passesOtherwise(name string, upgrade bool) bool {
	return name == "Content-Length" || name == "Traceparent" || upgrade && (slices.Contains(handshakeRequest, name) || name == "Connection" || name == "Upgrade")
}
