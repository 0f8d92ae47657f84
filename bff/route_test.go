package bff_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"vestibule/bff"
	"vestibule/bff/route"
)

// upstream is an API that answers with the path and the token that it got.
func upstream(t *testing.T) *url.URL {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.RequestURI+" "+r.Header.Get("Authorization"))
	}))
	t.Cleanup(api.Close)
	u, err := url.Parse(api.URL + "/v2/")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// withRoutes has three APIs: the default one, one with rules, and a public one.
func withRoutes(t *testing.T) func(*bff.Config) {
	return func(c *bff.Config) {
		c.Routes = route.New(
			route.Route{Path: "/api/proxy/", Audience: c.JWTAudience, BodyLimit: 100, Timeout: c.ProxyTimeout, WebSocket: true},
			route.Route{
				Path: "/api/proxy/billing/", Upstream: upstream(t), Audience: "billing", Scope: "bills:read", Claims: []string{"email", "name"},
				Methods: []string{"GET", "HEAD"}, Paths: patterns(t, "bills/**", "me"), Me: true, Timeout: c.ProxyTimeout,
			},
			route.Route{Path: "/api/proxy/public/", Upstream: upstream(t), Session: route.None, Timeout: c.ProxyTimeout},
			route.Route{Path: "/api/proxy/both/", Upstream: upstream(t), Audience: "both", Session: route.Optional, KeepPath: true, Timeout: c.ProxyTimeout},
		)
	}
}

func patterns(t *testing.T, texts ...string) (list []route.Pattern) {
	t.Helper()
	for _, text := range texts {
		p, mistake := route.ParsePattern(text)
		if mistake != nil {
			t.Fatalf("%s %s", text, mistake.Problem)
		}
		list = append(list, p)
	}
	return list
}

// claimsOf reads the token in the answer of an API, without verifying it.
func claimsOf(t *testing.T, a answer) map[string]any {
	t.Helper()
	_, token, _ := strings.Cut(a.body, " Bearer ")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// TestEachRouteHasItsAPIAndTokens: a token of one API must be useless at another one.
func TestEachRouteHasItsAPIAndTokens(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		id := s.userBy("ada@example.com").ID
		for _, tt := range []struct {
			path, got       string
			audience, scope any
			email           any
		}{
			{"/api/proxy/tasks", "GET /api/tasks", "fastapi-backend", nil, nil},
			{"/api/proxy/billing/bills/7", "GET /v2/bills/7", "billing", "bills:read", "ada@example.com"},
			{"/api/proxy/billing/me", "GET /v2/" + id, "billing", "bills:read", "ada@example.com"},
			{"/api/proxy/both/x?a=1", "GET /v2/api/proxy/both/x?a=1", "both", nil, nil},
		} {
			a := v.want(v.do(http.MethodGet, tt.path, ""), http.StatusOK, tt.got+" Bearer ")
			claims := claimsOf(t, a)
			if claims["aud"] != tt.audience || claims["scope"] != tt.scope || claims["email"] != tt.email || claims["sub"] != id {
				t.Errorf("%s: got the claims %v", tt.path, claims)
			}
			if again := v.do(http.MethodGet, tt.path, ""); again.body != a.body {
				t.Errorf("%s: a second token was minted", tt.path)
			}
		}
		if a := v.do(http.MethodGet, "/api/proxy/public/x", ""); a.body != "GET /v2/x " {
			t.Errorf("a route without a session: got %q", a.body)
		}
	}, withRoutes(t))
}

// TestTheSessionRuleOfARoute: a route may ask for a session, take one or read none.
func TestTheSessionRuleOfARoute(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		stranger, former := s.visitor(), s.visitor()
		former.signUp("ada@example.com")
		cookies := former.client.Jar.Cookies(mustURL(s.t, s.url))
		former.want(former.do(http.MethodPost, "/api/auth/sign-out", "{}"), http.StatusOK, "")
		former.client.Jar.SetCookies(mustURL(s.t, s.url), cookies)
		for name, v := range map[string]*visitor{"no cookie": stranger, "an ended session": former} {
			for path, want := range map[string]int{"/api/proxy/tasks": 401, "/api/proxy/billing/bills/7": 401, "/api/proxy/public/x": 200, "/api/proxy/both/x": 200} {
				a := v.do(http.MethodGet, path, "")
				if a.status != want || want == 200 && !strings.HasSuffix(a.body, " ") {
					s.t.Errorf("%s, %s: got %d %q, want %d and no token", name, path, a.status, a.body, want)
				}
			}
		}
	}, withRoutes(t))
}

// TestTheRulesOfARouteRefuse says to the client only that there is nothing, and names the rule in the log.
func TestTheRulesOfARouteRefuse(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		for _, tt := range []struct {
			method, path string
			status       int
			rule         string
		}{
			{http.MethodGet, "/api/proxy/billing/admin", 404, "paths of route /api/proxy/billing/"},
			{http.MethodPost, "/api/proxy/billing/bills/7", 405, "methods of route /api/proxy/billing/"},
			{http.MethodGet, "/api/proxy/%62illing/bills/7", 404, ""}, // some servers would find the other route
			{http.MethodGet, "/api/proxy/Billing/bills/7", 404, ""},
			{http.MethodGet, "/api/other", 404, ""},
		} {
			a := v.do(tt.method, tt.path, "")
			if a.status != tt.status {
				s.t.Errorf("%s %s: got %d %s, want %d", tt.method, tt.path, a.status, a.body, tt.status)
			}
			if tt.status == 405 && a.header.Get("Allow") != "GET, HEAD" {
				s.t.Errorf("%s: got Allow %q", tt.path, a.header.Get("Allow"))
			}
			if tt.rule != "" {
				s.log.Want(s.t, tt.rule)
			}
		}
		v.want(v.do(http.MethodPost, "/api/proxy/tasks", strings.Repeat("x", 101)), http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")
	}, withRoutes(t))
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
