package bff_test

import (
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/storetest"
)

// proxied sends a request through the BFF's own proxy. uri is sent as it is.
func (v *visitor) proxied(method, uri string, header http.Header) answer {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	r.URL.Opaque = "/api/proxy" + uri
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	return v.send(r)
}

// sameAnswer fails unless forward auth and our own proxy decide alike about a request of a
// signed-in user. It reports whether the request may pass.
func (v *visitor) sameAnswer(auth, method, uri string, header http.Header) bool {
	v.t.Helper()
	ours, asked := v.proxied(method, uri, header), v.ask(auth, method, uri, header)
	switch {
	case ours.status == 200:
		if asked.status != 204 || asked.header.Get("Authorization") == "" {
			v.t.Errorf("%s %s with %v: our proxy lets it pass, forward auth says %d %s", method, uri, header, asked.status, asked.body)
		}
		return true
	case ours.status != 400 && ours.status != 403 && ours.status != 405:
		v.t.Errorf("%s %s with %v: got %d %s of our proxy", method, uri, header, ours.status, ours.body)
	case asked.status != 403 || asked.header.Get("Authorization") != "" || asked.header.Get("Allow") != "":
		v.t.Errorf("%s %s with %v: our proxy says %d, forward auth %d %s, want 403", method, uri, header, ours.status, asked.status, asked.body)
	case method != "HEAD" && strings.Contains(ours.body, `"code"`) && ours.body != strings.Replace(asked.body, `"error":"Forbidden"`, `"error":"`+http.StatusText(ours.status)+`"`, 1):
		v.t.Errorf("%s %s with %v: our proxy says %s, forward auth %s", method, uri, header, ours.body, asked.body)
	}
	return false
}

// TestForwardAuthRefusesWhatOurProxyRefuses: methods, paths and queries.
func TestForwardAuthRefusesWhatOurProxyRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	auth, v := s.forwardAuth(), s.visitor()
	v.signUp("ada@example.com")
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		if !v.sameAnswer(auth, method, "/orders/1", nil) {
			t.Errorf("%s is refused", method)
		}
	}
	for _, method := range []string{"OPTIONS", "TRACE", "BREW", "get", "Post"} {
		if v.sameAnswer(auth, method, "/orders/1", nil) {
			t.Errorf("%s passes", method)
		}
	}
	v.want(v.ask(auth, "CONNECT", "/orders/1", nil), 403, "METHOD_NOT_ALLOWED")
	for _, uri := range []string{
		"/orders/", "/orders/1?x=1&y=%2F..%2F", "/a%20b", "/a%c3%a4", "/a;x=1/b", "/...", "/a?", "/a?" + strings.Repeat("&", 9_999), "/a%252Fb", "/a|b",
	} {
		if !v.sameAnswer(auth, "GET", uri, nil) {
			t.Errorf("%s is refused", uri)
		}
	}
	v.want(v.ask(auth, "GET", "/", nil), 204, "") // nothing is at /api/proxy/
	for _, uri := range []string{
		"/orders/../admin", "/orders/.", "/..", "/%2e%2e/admin", "/orders/%2E./admin", "/..;/admin", "/orders/1%2Ftasks", "/orders/1%2ftasks|", "/orders/1%5Cx", `/orders\x`,
		"//evil.example/", "/orders//1", "/a%00", "/a%0d%0ab", "/a%7f", "/%", "/%zz", "/a?x;y", "/a?%zz", "/a?%4", "/a?" + strings.Repeat("&", 10_000),
	} {
		if v.sameAnswer(auth, "GET", uri, nil) {
			t.Errorf("%s passes", uri)
		}
	}
}

// TestForwardAuthJudgesTheOriginAsOurProxyDoes: of unsafe methods, and of WebSockets.
func TestForwardAuthJudgesTheOriginAsOurProxyDoes(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	auth, v := s.forwardAuth(), s.visitor()
	v.signUp("ada@example.com")
	for _, tt := range []struct {
		header http.Header
		unsafe bool // whether an unsafe method may pass
	}{
		{nil, true},
		{http.Header{"Origin": {s.url}}, true},
		{http.Header{"Origin": {"https://app.example.com"}, "Sec-Fetch-Site": {"cross-site"}}, true}, // a trusted one
		{http.Header{"Referer": {s.url + "/page"}}, true},
		{http.Header{"Sec-Fetch-Site": {"same-origin"}}, true},
		{http.Header{"Origin": {"https://evil.example"}}, false},
		{http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"same-origin"}}, false},
		{http.Header{"Origin": {"null"}}, false},
		{http.Header{"Origin": {s.url, s.url}}, false},
		{http.Header{"Referer": {"https://evil.example/"}}, false},
		{http.Header{"Sec-Fetch-Site": {"cross-site"}}, false},
		{http.Header{"Sec-Fetch-Site": {"same-site"}}, false},
	} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "GET", "HEAD"} {
			safe := method == "GET" || method == "HEAD"
			if v.sameAnswer(auth, method, "/orders/1", tt.header) != (safe || tt.unsafe) {
				t.Errorf("%s with %v: want that it passes: %t", method, tt.header, safe || tt.unsafe)
			}
		}
	}
	s.log.Want(t, `"for_method":"POST","for_path":"/orders/1","refused_origin":"https://evil.example","from":"Origin","setting":"TRUSTED_ORIGINS"`)

	for name, handshake := range map[string]http.Header{
		"as Caddy copies it":             {"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}},
		"as nginx and Traefik copy it":   {"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}},
		"over HTTP/2":                    {"Sec-Websocket-Version": {"13"}},
		"of a program, in its own words": {"Connection": {"Upgrade"}, "Upgrade": {"foo, WebSocket"}},
	} {
		for origin, status := range map[string]int{s.url: 204, "https://app.example.com": 204, "https://evil.example": 403, "null": 403, "": 403} {
			header := handshake.Clone()
			if origin != "" {
				header.Set("Origin", origin)
			}
			if a := v.ask(auth, "GET", "/chat", header); a.status != status || status == 403 && !strings.Contains(a.body, "INVALID_ORIGIN") {
				t.Errorf("%s, from %q: got %d %s, want %d", name, origin, a.status, a.body, status)
			}
			if x := s.visitor(); status == 204 {
				x.want(x.ask(auth, "GET", "/chat", header), 401, "NO_SESSION")
			}
		}
	}
}

// TestForwardAuthMustKnowTheRequest: without that, a POST from another site would pass as the
// GET that asks.
func TestForwardAuthMustKnowTheRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	auth, v := s.forwardAuth(), s.visitor()
	v.signUp("ada@example.com")
	for _, tt := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"nothing", http.Header{}, "X-Forwarded-Method is missing. Make the proxy that asks send the method and the target of the browser's request as X-Forwarded-Method and X-Forwarded-Uri. docs/deploy.md"},
		{"no method", http.Header{"X-Forwarded-Uri": {"/"}}, "X-Forwarded-Method is missing"},
		{"an empty method", http.Header{"X-Forwarded-Method": {""}, "X-Forwarded-Uri": {"/"}}, "X-Forwarded-Method is missing"},
		{"no target", http.Header{"X-Forwarded-Method": {"GET"}}, "X-Forwarded-Uri is missing"},
		{"an empty target", http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {" "}}, "X-Forwarded-Uri is missing"},
		{"two methods", http.Header{"X-Forwarded-Method": {"GET", "POST"}, "X-Forwarded-Uri": {"/"}}, "X-Forwarded-Method is given 2 times. Make the proxy that asks replace"},
		{"the same one twice", http.Header{"X-Forwarded-Method": {"GET", "GET"}, "X-Forwarded-Uri": {"/"}}, "X-Forwarded-Method is given 2 times"},
		{"two methods in one", http.Header{"X-Forwarded-Method": {"GET, POST"}, "X-Forwarded-Uri": {"/"}}, "X-Forwarded-Method is not a method"},
		{"three targets", http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"/", "/x", "/"}}, "X-Forwarded-Uri is given 3 times"},
		{"the names of other servers", http.Header{"X-Original-Method": {"GET"}, "X-Original-Uri": {"/"}}, "X-Forwarded-Method is missing"},
		{"a whole URL", http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {s.url + "/orders"}}, "does not start with a slash"},
		{"no path", http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"*"}}, "does not start with a slash"},
		{"a fragment, which some servers cut off", http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"/orders/7#/lines"}}, "contains a space or a fragment"},
		{"a space, at which some servers stop", http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"/orders/7 /lines"}}, "contains a space or a fragment"},
		{"an invalid escape", http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"/%"}}, "INVALID_PATH"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, auth+"/verify", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = tt.header
		if a := v.send(r); a.status != 403 || !strings.Contains(a.body, tt.want) || a.header.Get("Authorization") != "" {
			t.Errorf("%s: got %d %s, want 403 with %q", tt.name, a.status, a.body, tt.want)
		}
	}
	s.log.Want(t, `"error":"X-Forwarded-Method is missing. Make the proxy`)
}
