package bff_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vestibule/bff"
	"vestibule/internal/storetest"
	"vestibule/internal/web"
)

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("kai@example.com")
	for _, tt := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
	}{
		{"a page", "GET", "/", "", nil, 200},
		{"a method that pages do not have", "POST", "/tasks", "", nil, 405},
		{"a session", "GET", "/api/auth/session", "", nil, 200},
		{"a proxied answer", "GET", "/api/proxy/x", "", nil, 200},
		{"an unknown path", "GET", "/nothing.js", "", nil, 404},
		{"an unknown API path", "POST", "/api/nothing", "", nil, 404},
		{"a wrong method", "PUT", "/api/auth/session", "", nil, 405},
		{"an unknown method", "BREW", "/api/auth/session", "", nil, 405},
		{"a refused origin", "POST", "/api/auth/login", "{}", []string{"Origin", "https://evil.example"}, 403},
		{"a refused method of the proxy", "TRACE", "/api/proxy/x", "", nil, 405},
		{"a refused path", "GET", "/api/proxy/a%2Fb", "", nil, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := v.do(tt.method, tt.path, tt.body, tt.header...)
			if a.status != tt.status {
				t.Errorf("got %d %s, want %d", a.status, a.body, tt.status)
			}
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Request-Id": "",
				"Content-Security-Policy": "default-src 'none'; ", "Cache-Control": "no-",
				"Cross-Origin-Resource-Policy": "same-origin",
			} {
				if got := a.header.Get(name); got == "" || !strings.HasPrefix(got, want) {
					t.Errorf("got %s: %q, want %q", name, got, want)
				}
			}
			if !strings.Contains(strings.Join(a.header.Values("Vary"), ", "), "Origin") {
				t.Errorf("got Vary %q, want Origin in it", a.header.Values("Vary"))
			}
			if got := a.header.Get("Strict-Transport-Security"); got != "" {
				t.Errorf("got HSTS %q over http", got)
			}
			if a.status >= 400 && !strings.HasPrefix(a.body, `{"error":"`+web.StatusText(a.status)+`","code":"`) {
				t.Errorf("got error body %s", a.body)
			}
			if a.status == 405 && a.header.Get("Allow") == "" {
				t.Error("got a 405 without Allow")
			}
		})
	}
}

func TestHTTPSBaseURL(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) {
		c.BaseURL = &url.URL{Scheme: "https", Host: "app.example.com"}
		c.CookieName = "__Host-better-auth.session_token"
	})
	v := s.visitor()
	a := v.want(v.do("POST", "/api/auth/signup", `{"email":"lou@example.com","password":"paper-lantern-42"}`), 200, "")
	line := cookieLine(t, a)
	if !strings.HasPrefix(line, "__Host-better-auth.session_token=") || !strings.HasSuffix(line, "; Path=/; Max-Age=604800; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("got cookie %q", line)
	}
	if got := a.header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("got HSTS %q", got)
	}
	// With the name that is used over http, the cookie does not count.
	bare := strings.TrimPrefix(strings.Split(line, ";")[0], "__Host-")
	other := s.visitor()
	other.want(other.do("GET", "/api/proxy/x", "", "Cookie", bare), 401, "NO_SESSION")
	other.want(other.do("GET", "/api/proxy/x", "", "Cookie", "__Host-"+bare), 200, "Bearer ")
}

func TestCORS(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	preflight := func(origin, method, headers string) answer {
		return v.do("OPTIONS", "/api/proxy/x", "", "Origin", origin, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", headers)
	}
	const listed = "https://app.example.com"
	a := preflight(listed, "PUT", "content-type,if-match")
	if a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != listed || a.header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("got %d %v", a.status, a.header)
	}
	for _, tt := range []struct{ name, origin, method, headers string }{
		{"another origin", "https://evil.example", "PUT", "content-type"},
		{"null", "null", "PUT", "content-type"},
		{"a method that is not proxied", listed, "TRACE", ""},
		{"a header that would not pass", listed, "PUT", "x-user-id"},
	} {
		a := preflight(tt.origin, tt.method, tt.headers)
		if got := a.header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: got Access-Control-Allow-Origin %q", tt.name, got)
		}
	}
	// Only listed origins can read errors.
	a = v.do("GET", "/api/proxy/x", "", "Origin", listed)
	if a.status != 401 || a.header.Get("Access-Control-Allow-Origin") != listed {
		t.Errorf("got %d %v, want a readable 401", a.status, a.header)
	}
	// The app can read all headers that the task API sends to its client.
	exposed := strings.Split(a.header.Get("Access-Control-Expose-Headers"), ", ")
	for _, name := range []string{"Etag", "Idempotency-Replayed", "Link", "Location", "Retry-After", "X-Request-Id"} {
		if !slices.Contains(exposed, name) {
			t.Errorf("got Access-Control-Expose-Headers %q, want %s in it", exposed, name)
		}
	}
	// A listed origin that uses CORS may read the answer, so Cross-Origin-Resource-Policy is
	// left out. Our own origin is listed too, but its answers keep the header.
	if got := a.header.Get("Cross-Origin-Resource-Policy"); got != "" {
		t.Errorf("got Cross-Origin-Resource-Policy %q for a listed origin that uses CORS", got)
	}
	if a = v.do("GET", "/api/proxy/x", "", "Origin", s.url); a.header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
		t.Errorf("got %v for our own origin", a.header)
	}
	a = preflight(listed, "GET", "traceparent,tracestate")
	if got := a.header.Get("Access-Control-Allow-Headers"); !strings.EqualFold(got, "traceparent,tracestate") {
		t.Errorf("got Access-Control-Allow-Headers %q for a page that sends trace headers", got)
	}
	a = v.do("GET", "/api/proxy/x", "", "Origin", "https://evil.example")
	if got := a.header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("got Access-Control-Allow-Origin %q for a foreign origin", got)
	}
	// Two Origin headers are not valid, in either order.
	for _, origins := range [][]string{{listed, "https://evil.example"}, {"https://evil.example", listed}, {listed, listed}} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/auth/session", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header["Origin"] = origins
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := res.Header.Values("Access-Control-Allow-Origin"); len(got) != 0 {
			t.Errorf("origins %q: got Access-Control-Allow-Origin %q, want none", origins, got)
		}
		if !strings.Contains(strings.Join(res.Header.Values("Vary"), ","), "Origin") {
			t.Errorf("origins %q: got Vary %q", origins, res.Header.Values("Vary"))
		}
	}
	// An OPTIONS request that is not a preflight is a method that is not allowed.
	v.want(v.do("OPTIONS", "/api/proxy/x", ""), 405, "METHOD_NOT_ALLOWED")
}

func TestNoOriginIsListed(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.TrustedOrigins = nil })
	v := s.visitor()
	if a := v.do("GET", "/", "", "Origin", "https://evil.example"); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("got %v, want no origin allowed", a.header)
	}
	v.want(v.do("POST", "/api/auth/logout", "", "Origin", "https://evil.example"), 403, "INVALID_ORIGIN")
	v.want(v.do("POST", "/api/auth/logout", "", "Origin", s.url), 200, "")
}

func TestTheAppIsServed(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	for _, path := range []string{"/", "/login", "/tasks/7", "/api.html/x"} {
		a := v.want(v.do("GET", path, "", "Sec-Fetch-Mode", "navigate"), 200, "<!doctype html>")
		if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self';") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: got policy %q", path, csp)
		}
		if got := a.header.Get("Cache-Control"); got != "no-cache" {
			t.Errorf("%s: got Cache-Control %q", path, got)
		}
	}
	for _, path := range []string{"/missing.js", "/api", "/api/nothing", "/.well-known/nothing", "/.env"} {
		v.want(v.do("GET", path, "", "Sec-Fetch-Mode", "navigate"), 404, `"NOT_FOUND"`)
	}
	for _, path := range []string{"/metrics", "/health", "/favicon.ico"} { // the embedded app has none
		v.want(v.do("GET", path, ""), 404, `"NOT_FOUND"`)
	}
	v.want(v.do("POST", "/api/nothing", ""), 404, `"NOT_FOUND"`)
	for _, path := range []string{"/", "/login", "/style.css"} {
		if a := v.want(v.do("POST", path, ""), 405, `"METHOD_NOT_ALLOWED"`); a.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: got Allow %q", path, a.header.Get("Allow"))
		}
	}
}

func TestAnExportIsServed(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.WebDir = "frontend/testdata/exports/next-slash" })
	v := s.visitor()
	v.client.CheckRedirect = useLastResponse
	v.want(v.do("GET", "/about/", ""), 200, "<title>About")
	a := v.want(v.do("GET", "/about", ""), 308, "")
	if to, cache := a.header.Get("Location"), a.header.Get("Cache-Control"); to != "/about/" || cache != "no-store" {
		t.Errorf("got Location %q, Cache-Control %q", to, cache)
	}
	a = v.want(v.do("GET", "/nowhere", ""), 404, "<title>404")
	if cache := a.header.Get("Cache-Control"); cache != "no-store" {
		t.Errorf("got Cache-Control %q", cache)
	}
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")

func TestForwardedAddressCountsOnlyFromTrustedProxies(t *testing.T) {
	t.Parallel()
	for _, trusted := range []bool{false, true} {
		s := newSite(t, storetest.SQLite(t), func(c *bff.Config) {
			if trusted {
				c.TrustedProxies = append(c.TrustedProxies, loopback)
			}
		})
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/signup", `{"email":"max@example.com","password":"paper-lantern-42"}`, "X-Forwarded-For", "198.51.100.1, 203.0.113.7"), 200, "")
		want := "127.0.0.1"
		if trusted {
			want = "203.0.113.7"
		}
		v.want(v.do("GET", "/api/auth/session", ""), 200, `"ipAddress":"`+want+`"`)
	}
}
