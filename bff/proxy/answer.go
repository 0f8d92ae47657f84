package proxy

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"slices"
	"strings"

	"vestibule/internal/web"
)

// answer is the http.ResponseWriter that ReverseProxy writes to. Its header is
// its own until the final status: ReverseProxy puts an upstream's 1xx headers
// into it and then empties it, which would send cookies from a 103 and take
// away what the layers around us have set. So 1xx answers stop here, and so do
// trailers, which ReverseProxy adds after the status.
type answer struct {
	x        *exchange
	w        http.ResponseWriter
	header   http.Header
	gate     gate // of writes
	unwatch  func() bool
	hijacked bool
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if status < http.StatusOK {
		return
	}
	merge(a.w.Header(), a.header)
	if a.x.mustClose() {
		a.w.Header()["Connection"] = []string{"close"}
	}
	// A client that takes nothing blocks a write; the end of the exchange must
	// not wait for that.
	a.unwatch = context.AfterFunc(a.x.ctx, a.stopWriting)
	a.w.WriteHeader(status)
}

func (a *answer) stopWriting() {
	a.gate.close(func() error { return a.x.client.SetWriteDeadline(longAgo) })
}

func (a *answer) Write(p []byte) (int, error) {
	if !a.gate.enter() {
		return 0, context.Cause(a.x.ctx)
	}
	defer a.gate.leave()
	return a.w.Write(p)
}

// FlushError implements what http.ResponseController calls.
func (a *answer) FlushError() error {
	if !a.gate.enter() {
		return context.Cause(a.x.ctx)
	}
	defer a.gate.leave()
	return a.x.client.Flush()
}

// Hijack implements http.Hijacker, for a WebSocket.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := a.x.client.Hijack()
	if err != nil {
		return nil, nil, err
	}
	a.hijacked = true
	return newTunnel(conn, rw.Reader, a.x), rw, nil
}

// withheld are headers of the API that never reach the browser, besides those
// of withhold. For most of them an answer of the API would speak for our whole
// origin, or for servers in front of us.
var withheld = map[string]bool{
	"Set-Cookie":  true,
	"Set-Cookie2": true,

	"Server":              true,
	"Via":                 true,
	"X-Aspnet-Version":    true,
	"X-Aspnetmvc-Version": true,
	"X-Powered-By":        true,
	web.RequestIDHeader:   true, // ours stands

	// Hop-by-hop; ReverseProxy adds Trailer after it has removed those it got.
	"Connection":        true,
	"Trailer":           true,
	"Transfer-Encoding": true,
	"Upgrade":           true,

	// For the whole origin.
	"Accept-Ch":                   true,
	"Alt-Svc":                     true,
	"Clear-Site-Data":             true,
	"Critical-Ch":                 true,
	"Expect-Ct":                   true,
	"Nel":                         true,
	"Origin-Agent-Cluster":        true,
	"Public-Key-Pins":             true,
	"Public-Key-Pins-Report-Only": true,
	"Report-To":                   true,
	"Service-Worker-Allowed":      true,
	"Strict-Transport-Security":   true,

	"Refresh":             true, // a redirect that only browsers know
	"Timing-Allow-Origin": true, // of the CORS family

	// Orders to caches and servers in front of us; a shared cache that obeys
	// one would keep one user's answer for all.
	"Surrogate-Control": true,
	"X-Accel-Expires":   true,
	"X-Accel-Redirect":  true,
}

func withhold(name string) bool {
	return withheld[name] ||
		strings.HasPrefix(name, "Access-Control-") ||
		strings.HasSuffix(name, "Cdn-Cache-Control") // RFC 9213
}

// merge adds the API's headers to those that the layers around us have set.
// Where both have one, ours stands, but for Cache-Control, which modify has
// made fit, and Vary, which adds up.
func merge(ours, theirs http.Header) {
	for name, values := range theirs {
		if withhold(name) {
			continue
		}
		mine, both := ours[name]
		switch {
		case !both, name == "Cache-Control":
			ours[name] = values
		case name == "Vary":
			for _, v := range values {
				if !slices.Contains(mine, v) {
					mine = append(slices.Clip(mine), v)
				}
			}
			ours[name] = mine
		}
	}
	if _, typed := ours["Content-Type"]; !typed {
		ours["Content-Type"] = nil // keeps net/http from guessing one
	}
}
