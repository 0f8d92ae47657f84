package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAnAPIThatIsTooSlow(t *testing.T) {
	t.Parallel()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testASlowAPI(t, way)
		})
	}
}

func testASlowAPI(t *testing.T, way func(*Config)) {
	const timeout = 100 * time.Millisecond
	slow := func(c *Config) { c.Timeout = timeout; way(c) }
	hang := func(_ net.Conn, in *bufio.Reader) { _, _ = io.Copy(io.Discard, in) } // until we hang up
	silent := func(t *testing.T) *rig { return newRig(t, rawAPI(t, hang), slow) }

	t.Run("no header", func(t *testing.T) {
		r := silent(t)
		res, body := r.get("/api/proxy/x")
		r.wantError(res, body, http.StatusGatewayTimeout, "GATEWAY_TIMEOUT")
		if !strings.Contains(body, "Failed to proxy request") {
			t.Errorf("got %s", body)
		}
		r.wantLog("no answer within the time allowed of 100ms")
	})
	t.Run("no header after a body", func(t *testing.T) {
		r := silent(t)
		res, body := r.do(r.request(t.Context(), "POST", "/api/proxy/x", strings.NewReader("hi")))
		r.wantError(res, body, http.StatusGatewayTimeout, "GATEWAY_TIMEOUT")
	})
	t.Run("half a header", func(t *testing.T) {
		r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
			_, _ = http.ReadRequest(in)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			hang(conn, in)
		}), slow)
		res, body := r.get("/api/proxy/x")
		r.wantError(res, body, http.StatusGatewayTimeout, "GATEWAY_TIMEOUT")
	})
	t.Run("interim answers only", func(t *testing.T) {
		r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
			_, _ = http.ReadRequest(in)
			for {
				if _, err := io.WriteString(conn, "HTTP/1.1 102 Processing\r\n\r\n"); err != nil {
					return
				}
				time.Sleep(timeout / 10)
			}
		}), slow)
		res, body := r.get("/api/proxy/x")
		r.wantError(res, body, http.StatusGatewayTimeout, "GATEWAY_TIMEOUT")
	})
	t.Run("an upload that it does not read", func(t *testing.T) {
		stop := make(chan struct{})
		r := newRig(t, rawAPI(t, func(net.Conn, *bufio.Reader) { <-stop }), slow)
		t.Cleanup(func() { close(stop) })
		res, body := r.do(r.request(t.Context(), "POST", "/api/proxy/x", struct{ io.Reader }{zeros{}}))
		r.wantError(res, body, http.StatusGatewayTimeout, "GATEWAY_TIMEOUT")
	})
	t.Run("no connection either", func(t *testing.T) {
		transport := newTransport(timeout)
		transport.DialContext = (&net.Dialer{Timeout: time.Nanosecond}).DialContext
		backend := mustParse(t, "http://127.0.0.1:9")
		for _, way := range []http.RoundTripper{transport, newDirect(backend.Host, transport.DialContext, transport)} {
			r := newRig(t, "http://api.invalid", func(c *Config) { c.Transport, c.Backend, c.Timeout = way, backend, dialTimeout-1 })
			res, body := r.get("/api/proxy/x")
			r.wantError(res, body, http.StatusGatewayTimeout, "GATEWAY_TIMEOUT")
			r.wantLog(`"refused_by":"timeout of route /api/proxy/"`) // which bounds the dial too
		}
	})
}
