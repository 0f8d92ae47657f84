package bff_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"vestibule/bff"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

// TestAClientOfATrustedProxyDoesNotBlockOthers: it sends bodies that never end, through a
// proxy that does not buffer them.
func TestAClientOfATrustedProxyDoesNotBlockOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.MaxConnections, c.MaxConnectionsPerAddress = 10, 2
	})
	var held []net.Conn
	for range 2 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, _ = io.WriteString(conn, "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: x\r\nOrigin: "+s.url+"\r\nX-Forwarded-For: 203.0.113.9\r\n"+
			"Content-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
		// It has its place when its body is read. Without the wait, a request below could take
		// the place before it.
		if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, "100 Continue") {
			t.Fatalf("got %q, %v, want 100 Continue", line, err)
		}
		held = append(held, conn)
	}
	get := func(client, path string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", client)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode == http.StatusTooManyRequests && res.Header.Get("Retry-After") == "" {
			t.Error("got no Retry-After")
		}
		return res.StatusCode
	}
	for _, path := range []string{"/api/auth/get-session", "/api/proxy/me/tasks", "/"} {
		if got := get("203.0.113.9", path); got != http.StatusTooManyRequests {
			t.Errorf("%s: got %d, want 429", path, got)
		}
		if got := get("203.0.113.10", path); got == http.StatusTooManyRequests {
			t.Errorf("%s: another client got %d", path, got)
		}
	}
	for _, conn := range held {
		_ = conn.Close()
	}
	waittest.Until(t, "the places are free again", func() bool {
		return get("203.0.113.9", "/api/auth/get-session") == http.StatusOK
	})
}

// TestStreamsOfOneAddressAreBounded: all users of an address together get at most half of the
// streams.
func TestStreamsOfOneAddressAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), eventsAPI(t), func(c *bff.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.MaxConnections, c.MaxConnectionsPerAddress = 1000, 500
		c.MaxStreams, c.MaxStreamsPerUser, c.MaxStreamsPerSession = 4, 1, 1
	})
	opens := func(email, address string, want int) {
		t.Helper()
		v := s.visitor()
		v.signUp(email)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/proxy/me/tasks/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("X-Forwarded-For", address)
		res, err := v.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		if res.StatusCode != want {
			t.Errorf("%s at %s: got %d, want %d", email, address, res.StatusCode, want)
		}
	}
	opens("a@example.com", "203.0.113.9", 200)
	opens("b@example.com", "203.0.113.9", 200)
	opens("c@example.com", "203.0.113.9", 429)
	opens("d@example.com", "203.0.113.10", 200)
}

// behindAProxy lets a test choose the address of a client with X-Forwarded-For.
func behindAProxy(c *bff.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

// TestUntrustedSendersDoNotChooseTheRequestID: a client could give its requests the id of
// another client's request in the log.
func TestUntrustedSendersDoNotChooseTheRequestID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		proxies []netip.Prefix
		want    bool
	}{
		{"a stranger", nil, false},
		{"a trusted proxy", []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, true},
	} {
		s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.TrustedProxies = tt.proxies })
		a := s.visitor().do("GET", "/api/auth/ok", "", "X-Request-Id", "chosen-by-the-client")
		if got := a.header.Get("X-Request-Id"); (got == "chosen-by-the-client") != tt.want {
			t.Errorf("%s: got request id %q", tt.name, got)
		}
	}
}
