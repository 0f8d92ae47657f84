package proxy

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The rules for upgrades:
//
//   - Only a WebSocket handshake as RFC 6455 defines it is an upgrade. Any other Upgrade
//     header is dropped, as RFC 9110 §7.8 allows, and the request continues without it:
//     an h2c connection through the proxy could carry requests that nobody checks.
//   - CORS does not cover WebSockets, so the Origin is checked first.
//   - The client must ask for the upgrade and the API must agree. An API that switches
//     protocols without a request gets no tunnel.
//   - A tunnel ends when its lease ends, when either side closes or when the process stops. If
//     its session has ended, or the process stops, the client is told so (lastwords.go).

var (
	handshakeRequest  = []string{"Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions"}
	handshakeResponse = []string{"Sec-Websocket-Accept", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions"}
)

const (
	// tunnelStall is how long a client may stop reading while the API sends.
	tunnelStall = 30 * time.Second
	// closeGrace is how long the API has, after the client has disconnected, to read
	// the client's last bytes and to close the connection itself.
	closeGrace = time.Second
)

// isWebSocket reports whether r is the opening handshake of RFC 6455 §4.1. A request
// with a body is not: its bytes would end up in the tunnel.
func isWebSocket(r *http.Request) bool {
	upgrade := r.Header["Upgrade"]
	return len(upgrade) == 1 && strings.EqualFold(upgrade[0], "websocket") &&
		r.Method == http.MethodGet && r.ProtoMajor == 1 && r.ProtoMinor >= 1 &&
		r.ContentLength == 0 && hasToken(r.Header["Connection"], "upgrade")
}

// checkSwitch checks the API's 101 and keeps only the headers of the handshake.
func (x *exchange) checkSwitch(res *http.Response) error {
	if !x.upgrade || !hasToken(res.Header["Connection"], "upgrade") || !strings.EqualFold(res.Header.Get("Upgrade"), "websocket") {
		return errBadGateway.Because(errUnrequestedSwitch)
	}
	h := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
	pass(h, res.Header, handshakeResponse)
	if cookie := x.ownCookie(); cookie != nil {
		h["Set-Cookie"] = []string{cookie.String()} // a page may open nothing but a WebSocket
	}
	res.Header = h
	return nil
}

// hasToken looks for a token in a comma-separated header, ignoring case.
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

// tunnel is the client's connection after it has become a WebSocket. It hides
// CloseWrite, so that ReverseProxy closes the whole connection when the API has closed
// its side.
type tunnel struct {
	net.Conn
	in      io.Reader // the bytes that were read past the handshake, then Conn
	x       *exchange
	unwatch func() bool

	writing sync.Mutex    // held during a write
	frames  frames        // what the client has got; guarded by writing
	started func()        // closes open
	open    chan struct{} // closed when the client has the answer to its handshake
	ending  atomic.Bool
	ended   chan struct{} // closed by end
}

func newTunnel(conn net.Conn, r *bufio.Reader, x *exchange) *tunnel {
	// Do not read from r itself. Below it, net/http would still treat the end of the
	// client's data as the end of the request, and the client's last bytes would be lost.
	early, _ := r.Peek(r.Buffered())
	t := &tunnel{Conn: conn, in: io.MultiReader(bytes.NewReader(early), conn), x: x, open: make(chan struct{}), ended: make(chan struct{})}
	t.started = sync.OnceFunc(func() { close(t.open) })
	// When the context ends, ReverseProxy closes only the API's side. A copy that waits
	// for the client to read or send would not notice.
	t.unwatch = context.AfterFunc(x.ctx, t.end)
	return t
}

func (t *tunnel) Read(p []byte) (int, error) {
	t.started() // ReverseProxy reads when it has sent the answer
	n, err := t.in.Read(p)
	if err != nil && t.x.ctx.Err() == nil {
		time.AfterFunc(closeGrace, func() { t.x.cancel(errClientLeft) })
	}
	return n, err
}

func (t *tunnel) Write(p []byte) (int, error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	if err := t.SetWriteDeadline(time.Now().Add(tunnelStall)); err != nil {
		return 0, err
	}
	if t.ending.Load() {
		return 0, errSessionOver
	}
	n, err := t.Conn.Write(p)
	t.frames.pass(p[:n])
	return n, err
}

// Close waits until the client was told why the tunnel ends. ReverseProxy notices the end of the
// context by itself and may be faster than the call of end, which unwatch then prevents.
func (t *tunnel) Close() error {
	switch {
	case !t.unwatch():
		<-t.ended
	case t.x.ctx.Err() != nil:
		t.end()
	}
	return t.Conn.Close()
}
