package main

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatConnectionsAreBoundedTo(t *testing.T) {
	usual := usualConnections
	if files := openFiles(); files > 0 {
		usual = min(usual, files/descriptorsForEach)
	}
	proxies := environment{"TRUSTED_PROXIES": "10.0.0.0/8"}
	for name, tt := range map[string]struct {
		env            environment
		bffAll, bffOne int
		apiAll, apiOne int
		proxies        int
	}{
		"nothing is set":     {proxies, usual, usual / 5, usual, usual / 2, 1},
		"the sum is set":     {environment{"MAX_CONNECTIONS": "1000"}, 1000, 200, 1000, 500, 0},
		"the address is set": {environment{"MAX_CONNECTIONS_PER_ADDRESS": "50"}, usual, 50, usual, usual / 2, 0},
		"both are set":       {environment{"MAX_CONNECTIONS": "1000", "MAX_CONNECTIONS_PER_ADDRESS": "1000"}, 1000, 1000, 1000, 500, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t, forServe, tt.env)
			bff, api, admin := c.bounds("bff"), c.bounds("api"), c.bounds("admin")
			got := []int{bff.All, bff.PerAddress, api.All, api.PerAddress, len(bff.Proxies), len(api.Proxies), admin.All, admin.PerAddress}
			want := []int{tt.bffAll, tt.bffOne, tt.apiAll, tt.apiOne, tt.proxies, tt.proxies, adminConnections, adminConnections}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if c.bff.MaxConnections != tt.bffAll || c.bff.MaxConnectionsPerAddress != tt.bffOne {
				t.Errorf("through proxies: got %d and %d, want as many", c.bff.MaxConnections, c.bff.MaxConnectionsPerAddress)
			}
		})
	}
	if got := mustLoad(t, forAPI, proxies.with(environment{"MAX_CONNECTIONS": "1000", "BETTER_AUTH_SECRET": goodSecret})).bounds("api"); got.All != 1000 || got.PerAddress != 500 ||
		cmp.Diff([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, got.Proxies, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })) != "" {
		t.Errorf("vestibule api: got %+v", got)
	}
}

func TestOneUserHasNotAllStreams(t *testing.T) {
	for all, want := range map[string]int{"": 32, "20": 10, "1": 1} {
		c := mustLoad(t, forServe, environment{"MAX_STREAMS": all})
		if c.bff.MaxStreamsPerUser != want || c.api.MaxStreamsPerUser != want {
			t.Errorf("MAX_STREAMS=%s: got %d and %d for a user, want %d", all, c.bff.MaxStreamsPerUser, c.api.MaxStreamsPerUser, want)
		}
	}
}

// TestOneAddressDoesNotTakeAllConnections of the running program, at any listener.
func TestOneAddressDoesNotTakeAllConnections(t *testing.T) {
	i := start(t, "serve", anywhere(t).with(environment{"MAX_CONNECTIONS": "100", "MAX_CONNECTIONS_PER_ADDRESS": "10"}))
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
			t.Errorf("%s: got connection %d of one address", surface, limit+1)
		}
		if refused("127.0.0.6") {
			t.Errorf("%s: another address is refused", surface)
		}
		for _, c := range held {
			_ = c.Close()
		}
		eventually(t, "served again", func() bool { return !refused("127.0.0.5") })
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

// ask sends a request, which may be too late, and returns how the answer begins.
func ask(t *testing.T, c net.Conn) string {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, "GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	b := make([]byte, len("HTTP/1.1 429"))
	_, _ = io.ReadFull(c, b)
	return string(b)
}
