package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// startBounded is startServer with bounds on its connections.
func startBounded(t *testing.T, c Connections, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	ts := httptest.NewUnstartedServer(h)
	ts.Config.IdleTimeout = patience
	ts.Listener = GuardFraming(ts.Config, c.Bound(ts.Listener))
	ts.Start()
	t.Cleanup(ts.Close)
	return ts
}

// dialFrom connects from another address of this machine.
func dialFrom(t *testing.T, ts *httptest.Server, ip string) *wire {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	c, err := d.DialContext(t.Context(), "tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &wire{t, c.(*net.TCPConn), bufio.NewReader(c)}
}

const askHello = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

// refused reads the answer of a connection that got no place.
func (c *wire) refused(status int) {
	c.t.Helper()
	if res := c.wantStatus(status); res.Header.Get("Retry-After") == "" {
		c.t.Error("got no Retry-After")
	}
	c.wantClosed()
}

// eventually connects until it is served. The server notices a moment later that another
// connection was closed.
func eventually(t *testing.T, ts *httptest.Server, ip string) {
	t.Helper()
	waittest.Until(t, "a place", func() bool {
		c := dialFrom(t, ts, ip)
		defer c.Close()
		_, _ = io.WriteString(c, askHello) // it may already be refused
		res, err := http.ReadResponse(c.in, nil)
		return err == nil && res.StatusCode == http.StatusOK
	})
}

func TestConnectionsOfOneAddressAreBounded(t *testing.T) {
	t.Parallel()
	var log logBuffer
	ts := startBounded(t, Connections{All: 100, PerAddress: 3, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Log: log.logger(), Surface: "bff", OneSetting: "ONE", AllSetting: "ALL"}, hello)
	held := []*wire{dialFrom(t, ts, "127.0.0.1"), dialFrom(t, ts, "127.0.0.1"), dialFrom(t, ts, "127.0.0.1")}
	held[0].send(askHello)
	held[0].wantStatus(200) // and kept; the others have sent nothing yet
	for range 20 {
		dialFrom(t, ts, "127.0.0.1").refused(http.StatusTooManyRequests)
	}
	for range 3 {
		other := dialFrom(t, ts, "127.0.0.2")
		other.send(askHello)
		other.wantStatus(200)
	}
	dialFrom(t, ts, "127.0.0.2").refused(http.StatusTooManyRequests)
	_ = held[1].Close()
	eventually(t, ts, "127.0.0.1")

	records := log.records(t, 1)
	if len(records) != 1 {
		t.Fatalf("got %d lines of 21 refusals, want one: %v", len(records), records)
	}
	if r := records[0]; r["setting"] != "ONE" || r["address"] != "127.0.0.1" || r["limit"] != 3.0 || !strings.Contains(r["msg"].(string), "TRUSTED_PROXIES") {
		t.Errorf("got %v", r)
	}
}

func TestConnectionsAreBoundedInAll(t *testing.T) {
	t.Parallel()
	var log logBuffer
	ts := startBounded(t, Connections{All: 3, PerAddress: 3, Log: log.logger(), AllSetting: "ALL"}, hello)
	held := []*wire{dialFrom(t, ts, "127.0.0.1"), dialFrom(t, ts, "127.0.0.2"), dialFrom(t, ts, "127.0.0.4")}
	for _, c := range held {
		c.send(askHello)
		c.wantStatus(200)
	}
	dialFrom(t, ts, "127.0.0.3").refused(http.StatusServiceUnavailable)
	_ = held[0].Close()
	eventually(t, ts, "127.0.0.3")
	if r := log.records(t, 1)[0]; r["setting"] != "ALL" || r["limit"] != 3.0 {
		t.Errorf("got %v", r)
	}
}

// TestAFewAddressesCannotKeepOthersOut: an address with many connections loses some.
func TestAFewAddressesCannotKeepOthersOut(t *testing.T) {
	t.Parallel()
	var log logBuffer
	ts := startBounded(t, Connections{All: 10, PerAddress: 5, Log: log.logger(), AllSetting: "ALL"}, hello)
	greedy := map[string][]*wire{}
	for _, ip := range []string{"127.0.0.1", "127.0.0.2"} {
		for range 5 {
			c := dialFrom(t, ts, ip)
			c.send(askHello)
			c.wantStatus(200) // and kept
			greedy[ip] = append(greedy[ip], c)
		}
	}
	modest := []*wire{}
	for _, ip := range []string{"127.0.0.3", "127.0.0.4", "127.0.0.3", "127.0.0.5"} {
		c := dialFrom(t, ts, ip)
		c.send(askHello)
		c.wantStatus(200)
		modest = append(modest, c)
	}
	for _, c := range modest { // their connections stay open
		c.send(askHello)
		c.wantStatus(200)
	}
	dialFrom(t, ts, "127.0.0.1").refused(http.StatusServiceUnavailable) // it has more than most
	for ip, conns := range greedy {
		open := 0
		for _, c := range conns {
			_, _ = io.WriteString(c, askHello)
			if res, err := http.ReadResponse(c.in, nil); err == nil && res.StatusCode == http.StatusOK {
				open++
			}
		}
		if open != 3 {
			t.Errorf("%s has %d connections left, want 3: each has given two", ip, open)
		}
	}
	if r := log.records(t, 1)[0]; !strings.Contains(r["msg"].(string), "closes") || r["setting"] != "ALL" {
		t.Errorf("got %v", r)
	}
}

// TestATrustedProxyHasOnlyTheBoundForAll: the bound of one address does not hold for it.
func TestATrustedProxyHasOnlyTheBoundForAll(t *testing.T) {
	t.Parallel()
	ts := startBounded(t, Connections{All: 5, PerAddress: 1, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}, hello)
	for range 4 {
		c := dialFrom(t, ts, "127.0.0.1")
		c.send(askHello)
		c.wantStatus(200)
	}
	c := dialFrom(t, ts, "127.0.0.2")
	c.send(askHello)
	c.wantStatus(200)
	dialFrom(t, ts, "127.0.0.1").refused(http.StatusServiceUnavailable)
}

// TestEveryClosedConnectionGivesItsPlaceBack, also one that the server no longer knows.
func TestEveryClosedConnectionGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	ts := startBounded(t, Connections{All: 1, PerAddress: 1}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hijack":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = conn.(interface{ SetLinger(int) error }).SetLinger(0)
			_ = conn.Close()
		case "/panic":
			panic(http.ErrAbortHandler)
		case "/unread": // the rest of the body is read and dropped
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		default:
			hello(w, r)
		}
	})
	for _, request := range []string{
		"GET /hijack HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /panic HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx",
		"not HTTP\r\n\r\n",
	} {
		c := dialFrom(t, ts, "127.0.0.1")
		c.send(request)
		_, _ = io.Copy(io.Discard, io.LimitReader(c.in, 100))
		_ = c.Close()
		eventually(t, ts, "127.0.0.1")
		waittest.Until(t, "the place of the last one", func() bool { return ts.Listener.(tapedListener).Listener.(*boundListener).free() })
	}
}

func (l *boundListener) free() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	all, _ := l.all.Load()
	addresses, _ := l.each.addresses.Load()
	networks, _ := l.each.networks.Load()
	return all == 0 && addresses == 0 && networks == 0 && l.count == 0
}
