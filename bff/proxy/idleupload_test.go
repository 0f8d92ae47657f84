package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"vestibule/internal/inprocess"
)

// TestAnIdleUploaderDoesNotHoldItsConnection: without a deadline, net/http would wait for
// the rest of the body without limit.
func TestAnIdleUploaderDoesNotHoldItsConnection(t *testing.T) {
	t.Parallel()
	r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
		_, _ = http.ReadRequest(in)
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		_, _ = io.Copy(io.Discard, in)
	}))
	c := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nContent-Length: 1000\n\nx")
	if res, body := c.answer("POST"); res.StatusCode != 200 || body != "ok" {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
	c.wantClosed()
}

// TestAnAnswerOfAnIdleUploaderBreaksOff: the connection closes without waiting for the
// rest of a body that is not being read.
func TestAnAnswerOfAnIdleUploaderBreaksOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, "http://api.internal", func(c *Config) {
		c.Transport = &inprocess.Transport{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "hello")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})}
	})
	c := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nContent-Length: 1000\n\nx")
	if body, err := io.ReadAll(c.readHeader().Body); err == nil {
		t.Errorf("got %q as a complete answer", body)
	}
	c.wantClosed()
}
