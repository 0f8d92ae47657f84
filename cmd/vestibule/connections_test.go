package main

import (
	"io"
	"net"
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
