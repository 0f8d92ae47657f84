package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
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

// TestANetworkGetsHalfOfTheConnections: a /48 has 65 536 networks that count one by one.
func TestANetworkGetsHalfOfTheConnections(t *testing.T) {
	t.Parallel()
	rooms := newAddressRooms(10, 2)
	enter := func(ip string) (leave func(), err error) { return rooms.enter(t.Context(), netip.MustParseAddr(ip)) }
	var leaves []func()
	for i := range 5 {
		leave, err := enter(fmt.Sprintf("2001:db8:1:%d::1", i))
		if err != nil {
			t.Fatal(i, err)
		}
		leaves = append(leaves, leave)
	}
	if _, err := enter("2001:db8:1:9::1"); err == nil {
		t.Error("a sixth of the network is let in")
	}
	if _, err := enter("2001:db8:2::1"); err != nil {
		t.Error("another network:", err)
	}
	for range 2 {
		if _, err := enter("192.0.2.1"); err != nil {
			t.Error(err)
		}
	}
	if _, err := enter("::ffff:192.0.2.1"); err == nil {
		t.Error("a third of the address is let in")
	}
	leaves[0]()
	if _, err := enter("2001:db8:1:9::1"); err != nil {
		t.Error("after one has left:", err)
	}
}

// TestAClientBehindATrustedProxyHasTheSameBound: all clients share the proxy's
// connections.
func TestAClientBehindATrustedProxyHasTheSameBound(t *testing.T) {
	t.Parallel()
	clients, err := NewClientIPs([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	if err != nil {
		t.Fatal(err)
	}
	begun, letGo := make(chan struct{}), make(chan struct{})
	h := Handle(clients.Bound(10, 2, func(_ http.ResponseWriter, r *http.Request) error {
		if r.URL.Path == "/slow" {
			begun <- struct{}{}
			<-letGo
		}
		return nil
	}), func(w http.ResponseWriter, _ *http.Request, e *Error) { w.WriteHeader(e.Status) })
	ask := func(peer, client, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.RemoteAddr = peer + ":1"
		if client != "" {
			r.Header.Set("X-Forwarded-For", client)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { ask("10.0.0.1", "203.0.113.9", "/slow") })
		<-begun
	}
	refused := ask("10.0.0.2", "203.0.113.9", "/")
	if refused.Code != http.StatusTooManyRequests || refused.Header().Get("Retry-After") == "" || refused.Header().Get("Connection") != "close" {
		t.Errorf("a third: got %d with %v", refused.Code, refused.Header())
	}
	for _, other := range [][2]string{{"10.0.0.1", "203.0.113.10"}, {"203.0.113.9", ""}, {"10.0.0.1", ""}, {"10.0.0.1", "10.0.0.3"}} {
		if got := ask(other[0], other[1], "/").Code; got != http.StatusOK {
			t.Errorf("%v: got %d, want 200", other, got)
		}
	}
	// A proxy that names no client stands for many clients.
	for range 3 {
		wg.Go(func() { ask("10.0.0.1", "", "/slow") })
		<-begun
	}
	close(letGo)
	wg.Wait()
	if got := ask("10.0.0.1", "203.0.113.9", "/").Code; got != http.StatusOK {
		t.Errorf("afterwards: got %d, want 200", got)
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
