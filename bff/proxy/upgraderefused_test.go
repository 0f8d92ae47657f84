package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

func TestAWebSocketFromAForeignOriginIsRefused(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	for name, request := range map[string]string{
		"another origin": strings.Replace(handshake, "app.example", "evil.example", 1),
		"no origin":      strings.Replace(handshake, "Origin: https://app.example\n", "", 1),
		"null":           strings.Replace(handshake, "https://app.example", "null", 1),
		"in another case, with other tokens": strings.Replace(strings.Replace(handshake, "app.example", "evil.example", 1),
			"Connection: Upgrade\nUpgrade: websocket", "Connection: keep-alive , uPGRADE\nUpgrade: WebSocket", 1),
	} {
		t.Run(name, func(t *testing.T) {
			res, body := r.raw(request).answer("GET")
			r.wantError(res, body, http.StatusForbidden, "INVALID_ORIGIN")
			api.none(t)
		})
	}
	t.Run("and without a session too", func(t *testing.T) {
		res, body := r.raw(strings.Replace(handshake, "Cookie: a=b\n", "", 1)).answer("GET")
		r.wantError(res, body, http.StatusUnauthorized, "NO_SESSION")
		api.none(t)
	})
}

// TestOtherUpgradesAreIgnored: the request continues as a normal one.
func TestOtherUpgradesAreIgnored(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	for name, lines := range map[string]string{
		"curl --http2":               "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAAQAAP__\n",
		"h2c":                        "Connection: Upgrade\nUpgrade: h2c\n",
		"two protocols":              "Connection: Upgrade\nUpgrade: websocket, h2c\n",
		"two protocols on two lines": "Connection: Upgrade\nUpgrade: websocket\nUpgrade: h2c\n",
		"a version":                  "Connection: Upgrade\nUpgrade: websocket/13\n",
		"TLS":                        "Connection: Upgrade\nUpgrade: TLS/1.2\n",
		"no name":                    "Connection: Upgrade\nUpgrade: h2\xe9c\n",
		"no Connection":              "Upgrade: websocket\n",
		"another Connection":         "Connection: keep-alive, Upgrades\nUpgrade: websocket\n",
		"no Upgrade":                 "Connection: Upgrade\n",
	} {
		t.Run(name, func(t *testing.T) {
			res, _ := r.raw("GET /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\n" + lines + "Sec-WebSocket-Key: x\n\n").answer("GET")
			if res.StatusCode != 200 {
				t.Errorf("got %d, want 200", res.StatusCode)
			}
			r.wantHeader(api.onlyRequest(t), res)
		})
	}
	const upgrade = "Host: app\nCookie: a=b\nConnection: Upgrade\nUpgrade: websocket\n"
	for name, request := range map[string]string{
		"another method": "POST /api/proxy/x HTTP/1.1\n" + upgrade + "\n",
		"HTTP/1.0":       "GET /api/proxy/x HTTP/1.0\n" + upgrade + "\n",
		"a body":         "GET /api/proxy/x HTTP/1.1\n" + upgrade + "Content-Length: 2\n\nhi",
	} {
		t.Run(name, func(t *testing.T) {
			if res, _ := r.raw(request).answer("GET"); res.StatusCode != 200 {
				t.Errorf("got %d, want 200", res.StatusCode)
			}
			if got := api.onlyRequest(t); len(got.Header["Upgrade"])+len(got.Header["Connection"]) > 0 {
				t.Errorf("the API got %v", got.Header)
			}
		})
	}
}

// TestAnUnrequestedProtocolSwitchIsRefused: the answer is a 502. The API's connection no
// longer speaks HTTP and is closed.
func TestAnUnrequestedProtocolSwitchIsRefused(t *testing.T) {
	t.Parallel()
	hungUp := make(chan struct{})
	r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
		upgradeRaw(conn, in)
		_ = conn.SetDeadline(time.Time{})
		_, _ = io.Copy(io.Discard, in)
		close(hungUp)
	}))
	res, body := r.get("/api/proxy/x")
	r.wantError(res, body, http.StatusBadGateway, "BAD_GATEWAY")
	waittest.Receive(t, "the end of the API's connection", hungUp)
}

func TestAHandshakeThatTheAPIRefuses(t *testing.T) {
	t.Parallel()
	t.Run("with another status, which passes", func(t *testing.T) {
		r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no sockets here", http.StatusNotFound)
		}))
		res, body := r.raw(handshake).answer("GET")
		if res.StatusCode != http.StatusNotFound || body != "no sockets here\n" {
			t.Errorf("got %d %q", res.StatusCode, body)
		}
		r.wantOuterHeaders(res)
	})
	for name, answer := range map[string]string{
		"by another protocol":                     "Connection: Upgrade\nUpgrade: h2c\n",
		"by no protocol":                          "",
		"by an Upgrade header without Connection": "Upgrade: websocket\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, rawAPI(t, answering("HTTP/1.1 101 Switching Protocols\n"+answer+"\n")))
			res, body := r.raw(handshake).answer("GET")
			r.wantError(res, body, http.StatusBadGateway, "BAD_GATEWAY")
		})
	}
	t.Run("because there is no connection to switch", func(t *testing.T) {
		r := newRig(t, newSocketAPI())
		w := httptest.NewRecorder()
		req := r.request(t.Context(), "GET", "/api/proxy/x", nil, "Origin", "https://app.example",
			"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
		if err := r.proxy.Serve(w, req); err == nil {
			t.Error("got no error")
		}
	})
}
