package web

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestBehindTLSChunksStillEndTheConnection(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	ts := httptest.NewUnstartedServer(echoed(&seen))
	ts.Listener = GuardFraming(ts.Config, ts.Listener)
	ts.StartTLS()
	t.Cleanup(ts.Close)
	c, err := tls.Dial("tcp", ts.Listener.Addr().String(), ts.Client().Transport.(*http.Transport).TLSClientConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = io.WriteString(c, get+chunked+"5\r\nhello\r\n0\r\n\r\n"+smuggled)
	got, err := io.ReadAll(c)
	if n := strings.Count(string(got), "HTTP/1.1 "); err != nil || n != 2 || seen.Load() != 2 {
		t.Errorf("got %d answers, %d requests, %v; want 2 and 2 before the end", n, seen.Load(), err)
	}
}

// TestBehindTLSHTTP10IsNotKept: net/http removes Transfer-Encoding from such a request
// before a handler sees it, and without the tape nothing else sees it.
func TestBehindTLSHTTP10IsNotKept(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	ts := httptest.NewUnstartedServer(echoed(&seen))
	ts.Listener = GuardFraming(ts.Config, ts.Listener)
	ts.StartTLS()
	t.Cleanup(ts.Close)
	c, err := tls.Dial("tcp", ts.Listener.Addr().String(), ts.Client().Transport.(*http.Transport).TLSClientConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = io.WriteString(c, "POST / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"+smuggled)
	got, err := io.ReadAll(c)
	if n := strings.Count(string(got), " 200 OK"); err != nil || n != 1 || seen.Load() != 1 {
		t.Errorf("got %d answers, %d requests, %v; want 1 and 1 before the end\n%s", n, seen.Load(), err, got)
	}
}
