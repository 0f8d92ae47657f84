package bff_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vestibule/bff"
	"vestibule/internal/storetest"
)

// TestTheLogSaysWhyAnOriginIsRefused: with the value that was received and the setting that
// would allow it.
func TestTheLogSaysWhyAnOriginIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	upgrade := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	with := func(h http.Header, name, value string) http.Header {
		h = h.Clone()
		h.Set(name, value)
		return h
	}
	for _, tt := range []struct {
		name, method, path string
		header             http.Header
		status             int
		origin, from       string
	}{
		{"an origin", "POST", "/api/auth/login", http.Header{"Origin": {"http://127.0.0.1:1"}}, 403, "http://127.0.0.1:1", "Origin"},
		{"null", "POST", "/api/auth/login", http.Header{"Origin": {"null"}}, 403, "null", "Origin"},
		{"two origins", "DELETE", "/api/proxy/x", http.Header{"Origin": {s.url, "https://two.example"}}, 403, s.url + ", https://two.example", "Origin"},
		{"a referer, without its path", "POST", "/api/auth/login", http.Header{"Referer": {"https://three.example/secret?token=x"}}, 403, "https://three.example", "Referer"},
		{"a malformed referer", "POST", "/api/auth/login", http.Header{"Referer": {"token=x"}}, 403, "no URL", "Referer"},
		{"another site", "POST", "/api/auth/login", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403, "cross-site", "Sec-Fetch-Site"},
		{"a WebSocket", "GET", "/api/proxy/x", with(upgrade, "Origin", "https://four.example"), 403, "https://four.example", "Origin"},
		{"a WebSocket without an origin", "GET", "/api/proxy/x", upgrade, 403, "", "Sec-Fetch-Site"},
		{"a preflight", "OPTIONS", "/api/proxy/x", http.Header{"Origin": {"https://five.example"}, "Access-Control-Request-Method": {"PUT"}}, 204, "https://five.example", "Origin"},
		{"a long one", "POST", "/api/auth/login", http.Header{"Origin": {"https://" + strings.Repeat("x", 5000)}}, 403, "https://" + strings.Repeat("x", 292) + `\\u2026`, "Origin"},
		{"one that would reverse the line", "POST", "/api/auth/login", http.Header{"Origin": {"https://\u202eelpmaxe"}}, 403, `https://\\u202eelpmaxe`, "Origin"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.header.Clone()
			if tt.method != "GET" && tt.method != "OPTIONS" {
				h.Set("Content-Type", "application/json")
			}
			if a := v.doRaw(tt.method, tt.path, "", h); a.status != tt.status {
				t.Errorf("got %d %s, want %d", a.status, a.body, tt.status)
			}
			s.log.Want(t, `"refused_origin":"`+tt.origin+`","from":"`+tt.from+`","setting":"TRUSTED_ORIGINS"`)
		})
	}
	s.log.Want(t, `"setting":"TRUSTED_ORIGINS","refused_by":"Origin of every WebSocket"`) // an empty origin explains nothing
	if log := s.log.String(); strings.Contains(log, "token=x") {
		t.Errorf("the log has more of a page's URL than its origin:\n%s", log)
	}
	before := strings.Count(s.log.String(), "refused_origin")
	v.want(v.do("POST", "/api/auth/logout", "", "Origin", s.url), 200, "")
	v.want(v.do("POST", "/api/auth/logout", "", "Origin", "https://app.example.com"), 200, "")
	v.want(v.do("GET", "/api/auth/ok", "", "X-Request-Id", "last"), 200, "")
	s.log.Want(t, `"path":"/api/auth/ok"`)
	if after := strings.Count(s.log.String(), "refused_origin"); after != before {
		t.Errorf("an allowed origin is in the log:\n%s", s.log.String())
	}
}

// TestARefusedDevServerWebSocketIsLogged: only our own origin may open it, even if others are
// listed.
func TestARefusedDevServerWebSocketIsLogged(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.WebDevURL = c.Backend })
	v := s.visitor()
	v.want(v.do("GET", "/", "", "Connection", "Upgrade", "Upgrade", "websocket", "Origin", "https://app.example.com"), 403, "INVALID_ORIGIN")
	s.log.Want(t, `"refused_origin":"https://app.example.com","from":"Origin","setting":"BASE_URL"`)
}

// TestARefusedDeveloperIsToldWhichAddressToOpen: to a browser, 127.0.0.1 and localhost are
// different. A visitor of a public site does not get this hint.
func TestARefusedDeveloperIsToldWhichAddressToOpen(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"http://localhost:3000":     "Open http://localhost:3000 instead, which is BASE_URL, or list this page's origin in TRUSTED_ORIGINS.",
		"http://127.0.0.1:3000":     "Open http://127.0.0.1:3000 instead",
		"http://[::1]:3000":         "Open http://[::1]:3000 instead",
		"https://app.localhost":     "Open https://app.localhost instead",
		"https://app.example.com":   "",
		"http://localhost.evil.com": "",
	} {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		v := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.BaseURL = u }).visitor()
		a := v.want(v.do("POST", "/api/auth/login", "{}", "Origin", "http://127.0.0.2:3000"), 403, `"code":"INVALID_ORIGIN","message":"Invalid origin: this site may not send requests here.`)
		if !strings.Contains(a.body, want) || want == "" && strings.Contains(a.body, "Open ") {
			t.Errorf("%s: got %s, want %q", base, a.body, want)
		}
	}
}

func TestAnUntrustedForwardedAddressIsLoggedOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		trusted bool
		header  string
		want    string
	}{
		{"from a stranger", false, "X-Forwarded-For", "an untrusted sender"},
		{"from a stranger, in a Forwarded header", false, "Forwarded", "make it send X-Forwarded-For"},
		{"from a trusted proxy that sends Forwarded", true, "Forwarded", "is not supported"},
		{"from a trusted proxy", true, "X-Forwarded-For", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, storetest.SQLite(t), func(c *bff.Config) {
				if tt.trusted {
					c.TrustedProxies = append(c.TrustedProxies, loopback)
				}
			})
			v := s.visitor()
			for range 3 {
				v.want(v.do("GET", "/api/auth/ok", "", tt.header, "203.0.113.7, for=203.0.113.7"), 200, "")
			}
			log := s.log.String()
			warnings := strings.Count(log, `"setting":"TRUSTED_PROXIES"`)
			if tt.want == "" {
				if warnings != 0 {
					t.Errorf("got a warning:\n%s", log)
				}
				return
			}
			if warnings != 1 || !strings.Contains(log, tt.want) || !strings.Contains(log, `"level":"WARN"`) || !strings.Contains(log, `"sender":"127.0.0.1"`) {
				t.Errorf("got %d warnings, want one that says %q:\n%s", warnings, tt.want, log)
			}
		})
	}
}
