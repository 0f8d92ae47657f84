package proxy

import (
	"log/slog"
	"slices"
	"strings"

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
		if len(name) > maxDroppedLen {
			name = name[:maxDroppedLen] + "…"
		}
		dropped = append(dropped, name) // a token, as net/http has checked: nothing in it could deceive the reader
	}
	if len(dropped) == 0 {
		return
	}
	slices.Sort(dropped)
	more := max(0, len(dropped)-maxDropped)
	web.Note(x.in, slog.String("not_forwarded", strings.Join(dropped[:len(dropped)-more], ", ")))
	if more > 0 {
		web.Note(x.in, slog.Int("not_forwarded_more", more))
	}
}

// passesOtherwise reports whether a header outside the list has its effect at the API: as the
// length of the body, as a trace that is continued, or in a WebSocket handshake.
func passesOtherwise(name string, upgrade bool) bool {
	return name == "Content-Length" || name == "Traceparent" || upgrade && (slices.Contains(handshakeRequest, name) || name == "Connection" || name == "Upgrade")
}
