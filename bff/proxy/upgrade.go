package proxy

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// The rules for upgrades:
//
//   - WebSocket alone, asked for exactly as RFC 6455 says. Every other Upgrade
//     is ignored, as RFC 9110 §7.8 allows, and the request goes on without it:
//     an h2c connection through here could carry requests that nobody checks.
//   - CORS does not cover WebSockets, so the Origin is checked first.
//   - Both sides are asked: an API that switches protocols unasked gets no
//     tunnel.
//   - A tunnel ends with its lease, and with whichever side leaves first.

var (
	handshakeRequest  = []string{"Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions"}
	handshakeResponse = []string{"Sec-Websocket-Accept", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions"}
)

const (
	// tunnelStall is how long a client may take none of what the API sends.
	tunnelStall = 30 * time.Second
	// closeGrace is how long the API may take, once the client has left, to read
	// what it said last and to hang up itself.
	closeGrace = time.Second
)

// isWebSocket says whether r is the opening handshake of RFC 6455 §4.1. One
// with a body is none: its bytes would end up in the tunnel.
func isWebSocket(r *http.Request) bool {
	upgrade := r.Header["Upgrade"]
	return len(upgrade) == 1 && strings.EqualFold(upgrade[0], "websocket") &&
		r.Method == http.MethodGet && r.ProtoMajor == 1 && r.ProtoMinor >= 1 &&
		r.ContentLength == 0 && hasToken(r.Header["Connection"], "upgrade")
}

// switched checks the API's 101 and leaves in it what belongs to the handshake.
func (x *exchange) switched(res *http.Response) error {
	if !x.upgrade || !hasToken(res.Header["Connection"], "upgrade") || !strings.EqualFold(res.Header.Get("Upgrade"), "websocket") {
		return errBadGateway.Because(errSwitched)
	}
	h := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
	pass(h, res.Header, handshakeResponse)
	res.Header = h
	return nil
}

// hasToken looks for a token, in any case, in a comma-separated header.
func hasToken(values []string, token string) bool {
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.Trim(t, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// tunnel is the client's connection once it is a WebSocket. It hides
// CloseWrite: when the API has closed its side there is nothing to wait for.
type tunnel struct {
	net.Conn
	in      io.Reader // what was read past the handshake, then Conn
	x       *exchange
	unwatch func() bool
}

func newTunnel(conn net.Conn, r *bufio.Reader, x *exchange) *tunnel {
	// Not r itself: below it net/http would still take the client's last byte
	// for the end of everything, and what the client said last would be lost.
	early, _ := r.Peek(r.Buffered())
	t := &tunnel{Conn: conn, in: io.MultiReader(bytes.NewReader(early), conn), x: x}
	// ReverseProxy closes the API's side when the context ends; a copy that
	// waits for the client to take or send something would not notice.
	t.unwatch = context.AfterFunc(x.ctx, func() { _ = conn.Close() })
	return t
}

func (t *tunnel) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	if err != nil && t.x.ctx.Err() == nil {
		time.AfterFunc(closeGrace, func() { t.x.cancel(errClientLeft) })
	}
	return n, err
}

func (t *tunnel) Write(p []byte) (int, error) {
	if err := t.SetWriteDeadline(time.Now().Add(tunnelStall)); err != nil {
		return 0, err
	}
	return t.Conn.Write(p)
}

func (t *tunnel) Close() error {
	t.unwatch()
	return t.Conn.Close()
}
