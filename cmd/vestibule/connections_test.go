package main

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"vestibule/internal/settings"
	"vestibule/internal/waittest"
)

// TestOneAddressCannotTakeAllConnections at any listener of the running program.
func TestOneAddressCannotTakeAllConnections(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", with(testEnv(t), settings.Environment{"MAX_CONNECTIONS": "100", "MAX_CONNECTIONS_PER_ADDRESS": "10"}))
	for surface, limit := range map[string]int{"bff": 10, "api": 50} {
		address := i.log.url(surface)[len("http://"):]
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		var held []net.Conn
		for range limit {
			held = append(held, dialFrom(t, "127.0.0.5", port))
		}
		refused := func(ip string) bool {
			c := dialFrom(t, ip, port)
			defer c.Close()
			return ask(t, c) == "HTTP/1.1 429"
		}
		if !refused("127.0.0.5") {
			t.Errorf("%s: connection %d of one address was accepted", surface, limit+1)
		}
		if refused("127.0.0.6") {
			t.Errorf("%s: another address is refused", surface)
		}
		for _, c := range held {
			_ = c.Close()
		}
		waittest.Until(t, "served again", func() bool { return !refused("127.0.0.5") })
	}
}

// TestAnUnusedConnectionIsClosedAfterTheTimeout of the setting, and not after net/http's time for
// reading a request. A busy machine may show the end late, so one of four attempts is enough.
func TestAnUnusedConnectionIsClosedAfterTheTimeout(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", with(testEnv(t), settings.Environment{"KEEP_ALIVE_TIMEOUT": "5s"}))
	address := i.log.url("bff")[len("http://"):]
	var took time.Duration
	for range 4 {
		if took = unusedFor(t, address); took < 5*time.Second {
			t.Fatalf("the connection was closed after %v, want at least 5s", took)
		}
		if took < 20*time.Second {
			return
		}
	}
	t.Errorf("the connection was closed after %v, want 5s", took)
}

// unusedFor returns how long a connection stays open after its first answer.
func unusedFor(t *testing.T, address string) time.Duration {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(waittest.Patience)); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	_, _ = io.WriteString(c, "GET /api/auth/ok HTTP/1.1\r\nHost: x\r\n\r\n")
	if got, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 ") {
		t.Fatalf("got %q, %v, want an answer and the end of the connection", got, err)
	}
	return time.Since(begun)
}

func dialFrom(t *testing.T, ip, port string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	c, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ask sends a request and returns the start of the response. The connection may already
// be refused when it sends the request.
func ask(t *testing.T, c net.Conn) string {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(waittest.Patience)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, "GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	b := make([]byte, len("HTTP/1.1 429"))
	_, _ = io.ReadFull(c, b)
	return string(b)
}
