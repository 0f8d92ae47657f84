package frontend

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"vestibule/internal/waittest"
)

// dev starts an app in front of a dev server.
func dev(t *testing.T, h http.HandlerFunc) (*testServer, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, Config{DevURL: u}), server
}

func TestRequestsAreForwardedToADevServer(t *testing.T) {
	t.Parallel()
	var seen *http.Request
	s, server := dev(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		h := w.Header()
		for name, value := range map[string]string{
			"Set-Cookie": "better-auth.session_token=theirs", "Access-Control-Allow-Origin": "*", "Clear-Site-Data": `"*"`, "Strict-Transport-Security": "max-age=1",
			"Secure-Session-Registration": `(ES256);path="/x"`, "Sec-Session-Registration": `(ES256);path="/x"`, "Set-Login": "logged-in", "Use-As-Dictionary": `match="/*"`,
			"Cross-Origin-Resource-Policy": "cross-origin",
			"Content-Security-Policy":      "default-src *", "X-Content-Type-Options": "none", "Cache-Control": "max-age=31536000,immutable", "Vary": "Accept", "ETag": `W/"1"`,
		} {
			h.Set(name, value)
		}
		h.Set("Link", "</x>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		if r.URL.Path == "/app" {
			h.Set("Location", "http://"+r.Host+"/app/?x=1")
			w.WriteHeader(http.StatusFound)
			return
		}
		_, _ = w.Write([]byte("source"))
	})
	g := s.want(s.do("GET", "/@fs/app/node_modules/.vite/deps/react.js?v=1&import", "Cookie", "better-auth.session_token=ours; theme=dark", "Authorization", "Bearer x",
		"Proxy-Authorization", "Basic eA==", "Origin", s.url, "Accept", "*/*"), 200, "source")
	if seen.URL.RequestURI() != "/@fs/app/node_modules/.vite/deps/react.js?v=1&import" || "http://"+seen.Host != server.URL || seen.Header.Get("Origin") != server.URL || seen.Header.Get("Accept") != "*/*" {
		t.Errorf("got %s %s %v", seen.Host, seen.URL, seen.Header)
	}
	for _, name := range []string{"Cookie", "Authorization", "Proxy-Authorization"} {
		if values := seen.Header.Values(name); len(values) > 0 {
			t.Errorf("the dev server got %s: %q", name, values)
		}
	}
	for name, want := range map[string]string{
		"Set-Cookie": "", "Access-Control-Allow-Origin": "", "Clear-Site-Data": "", "Strict-Transport-Security": "",
		"Secure-Session-Registration": "", "Sec-Session-Registration": "", "Set-Login": "", "Use-As-Dictionary": "",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Content-Security-Policy":      devPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Cache-Control": "max-age=31536000,immutable", "Vary": "Accept", "ETag": `W/"1"`,
	} {
		if values := g.header.Values(name); strings.Join(values, "|") != want {
			t.Errorf("got %s: %q, want %q", name, values, want)
		}
	}
	if g := s.do("GET", "/app"); g.status != 302 || g.header.Get("Location") != "/app/?x=1" {
		t.Errorf("got %d to %q, want a path on our origin", g.status, g.header.Get("Location"))
	}
	seen = nil
	for _, method := range []string{"POST", "DELETE", "TRACE"} {
		s.want(s.do(method, "/"), 405, "METHOD_NOT_ALLOWED")
	}
	s.want(s.do("GET", "/@fs/../../etc/passwd"), 400, "INVALID_PATH")
	s.want(s.do("GET", "/%2e%2e/etc/passwd"), 400, "INVALID_PATH")
	if seen != nil {
		t.Errorf("the dev server got %s %s", seen.Method, seen.URL)
	}
	s.want(s.do("GET", "/", "Connection", "Upgrade", "Upgrade", "h2c"), 403, "INVALID_ORIGIN")
	s.want(s.do("GET", "/", "Connection", "Upgrade", "Upgrade", "h2c", "Origin", s.url), 200, "source")
	if seen.Header.Get("Upgrade") != "" {
		t.Errorf("got Upgrade %q", seen.Header.Get("Upgrade"))
	}
}

func TestTheWebSocketOfADevServer(t *testing.T) {
	t.Parallel()
	header := make(chan http.Header, 1)
	s, server := dev(t, func(w http.ResponseWriter, r *http.Request) {
		header <- r.Header
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"vite-hmr"}}) // checks Origin against Host
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, text, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, text) != nil {
				return
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), waittest.Patience)
	defer cancel()
	open := func(origin ...string) (*websocket.Conn, *http.Response, error) {
		return websocket.Dial(ctx, s.url+"/?token=x", &websocket.DialOptions{
			Subprotocols: []string{"vite-hmr"}, HTTPHeader: http.Header{"Origin": origin, "Cookie": {"better-auth.session_token=ours"}},
		})
	}
	c, _, err := open(s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if h := <-header; h.Get("Cookie") != "" || h.Get("Origin") != server.URL {
		t.Errorf("the dev server got %v", h)
	}
	if err := c.Write(ctx, websocket.MessageText, []byte("ping")); err != nil {
		t.Fatal(err)
	}
	if _, text, err := c.Read(ctx); err != nil || string(text) != "ping" || c.Subprotocol() != "vite-hmr" {
		t.Errorf("got %q in %q, %v", text, c.Subprotocol(), err)
	}
	for _, origins := range [][]string{nil, {"https://evil.example"}, {"null"}, {s.url, s.url}, {server.URL}} {
		if _, res, err := open(origins...); err == nil || res == nil || res.StatusCode != 403 {
			t.Errorf("%q: got %v, %v, want a 403", origins, res, err)
		}
	}
}

// TestADevServerIsForOurOwnPages: another site can read no sources, neither with a script tag
// nor with its own host name that points to this machine.
func TestADevServerIsForOurOwnPages(t *testing.T) {
	t.Parallel()
	s, _ := dev(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.Host)) })
	if g := s.want(s.do("GET", "/src/main.jsx"), 200, "127.0.0.1"); g.header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
		t.Errorf("got %v", g.header)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(s.url, "http://"), ":")
	for host, status := range map[string]int{
		"localhost": 200, "localhost:" + port: 200, "app.localhost:3000": 200, "[::1]:3000": 200, "192.0.2.7": 200,
		"evil.example": 421, "evil.example:" + port: 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "notlocalhost": 421,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("%s: got %d, want %d", host, res.StatusCode, status)
		}
	}
}

func TestADevServerThatIsDown(t *testing.T) {
	t.Parallel()
	const nothingListens = "http://127.0.0.1:1" // a port that was used before could belong to another test by now
	u, err := url.Parse(nothingListens)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{DevURL: u})
	g := s.want(s.do("GET", "/", "Sec-Fetch-Mode", "navigate", "Accept", "text/html"), 502, "WEB_DEV_URL")
	if g.header.Get("Content-Type") != "text/html; charset=utf-8" || g.header.Get("Refresh") != "2" || g.header.Get("Cache-Control") != "no-store" || !strings.Contains(g.body, nothingListens) {
		t.Errorf("got %v %s", g.header, g.body)
	}
	g = s.want(s.do("GET", "/src/main.jsx", "Sec-Fetch-Mode", "cors", "Accept", "*/*"), 502, "WEB_DEV_URL")
	if g.header.Get("Content-Type") != "application/json" || !strings.Contains(g.body, "DEV_SERVER_UNAVAILABLE") {
		t.Errorf("got %v %s", g.header, g.body)
	}
}
