package bff_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/bff"
	"vestibule/bff/route"
	"vestibule/internal/storetest"
)

// shopRoutes makes routes to the API of the site, one of each kind: one at /api/proxy/, and others
// below a path.
func shopRoutes(below string) func(*bff.Config) {
	return func(c *bff.Config) {
		orders, _ := route.ParsePattern("orders/**")
		c.Routes = route.New(
			route.Route{Path: "/api/proxy/", Audience: c.JWTAudience, WebSocket: true},
			route.Route{Path: below + "shop/", Upstream: c.Backend.ResolveReference(&url.URL{Path: "/shop/"}), Audience: "shop", Scope: "orders:read", Claims: []string{"email"}, Methods: []string{"GET", "HEAD"}, Paths: []route.Pattern{orders}},
			route.Route{Path: below + "shop/orders/open/", Upstream: c.Backend.ResolveReference(&url.URL{Path: "/open/"}), Session: route.None},
			route.Route{Path: below + "maybe/", Upstream: c.Backend.ResolveReference(&url.URL{Path: "/maybe/"}), Audience: "maybe", Session: route.Optional},
		)
	}
}

// TestForwardAuthHandsOutTheTokenOfTheRoute that takes the path: the very one that a proxied
// request carries. An application gets no token that another one would accept.
func TestForwardAuthHandsOutTheTokenOfTheRoute(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), shopRoutes("/api/proxy/"))
	auth, v := s.forwardAuth(), s.visitor()
	v.signUp("ada@example.com")
	tokens := map[string]string{}
	for path, want := range map[string]struct{ aud, scope, email any }{
		"/api/proxy/shop/orders/7?x=1": {"shop", "orders:read", "ada@example.com"},
		"/api/proxy/maybe/x":           {"maybe", nil, nil},
		"/api/proxy/x":                 {"fastapi-backend", nil, nil},
		"/orders/7":                    {"fastapi-backend", nil, nil},
	} {
		bearer := v.want(v.ask(auth, "GET", path, nil), 204, "").header.Get("Authorization")
		tokens[path] = bearer
		claims := jwt.MapClaims{} // the API gets the same token below, so its signature needs no check
		if _, _, err := jwt.NewParser().ParseUnverified(strings.TrimPrefix(bearer, "Bearer "), claims); err != nil {
			t.Fatal(err)
		}
		if claims["aud"] != want.aud || claims["scope"] != want.scope || claims["email"] != want.email {
			t.Errorf("%s: got the claims %v, want %v", path, claims, want)
		}
		if again := v.want(v.ask(auth, "HEAD", path, nil), 204, "").header.Get("Authorization"); again != bearer {
			t.Errorf("%s: got another token for the next request", path)
		}
		if strings.HasPrefix(path, "/api/") {
			v.want(v.do("GET", path, ""), 200, " "+bearer)
		}
	}
	if tokens["/orders/7"] != tokens["/api/proxy/x"] || tokens["/api/proxy/shop/orders/7?x=1"] == tokens["/api/proxy/maybe/x"] {
		t.Error("the tokens of two audiences are one, or that of one audience are two")
	}
}

// TestForwardAuthKeepsTheRulesOfRoutes: a path of a route has no way around its rules, however it
// is written.
func TestForwardAuthKeepsTheRulesOfRoutes(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), shopRoutes("/api/"))
	auth, v, guest := s.forwardAuth(), s.visitor(), s.visitor()
	v.signUp("ada@example.com")
	socket := http.Header{"Sec-Websocket-Version": {"13"}, "Origin": {s.url}}
	for _, tt := range []struct {
		method, uri string
		header      http.Header
		code, rule  string
	}{
		{"POST", "/api/shop/orders/1", nil, "METHOD_NOT_ALLOWED", "methods of route /api/shop/"},
		{"GET", "/api/shop/admin", nil, "NOT_FOUND", "paths of route /api/shop/"},
		{"GET", "/api/shop/orders/2", socket, "WEBSOCKET_NOT_ALLOWED", "websocket of route /api/shop/"},
		{"GET", "/api/shop/orders/open/3", nil, "NO_TOKEN_FOR_PATH", "session of route /api/shop/orders/open/"},
		{"GET", "/api/shop/orders/open", nil, "NOT_FOUND", "path of route /api/shop/orders/open/, as"},
		{"GET", "/api/shop/orders/Open/4", nil, "NOT_FOUND", "path of route /api/shop/orders/open/, as"},
		{"DELETE", "/API/shop/5", nil, "NOT_FOUND", "path of route /api/shop/, as"},
		{"DELETE", "/api/%73hop/6", nil, "NOT_FOUND", "path of route /api/shop/, as"},
		{"DELETE", "/api/%2573hop/7", nil, "NOT_FOUND", "path of route /api/shop/, as"},
		{"DELETE", "/api;x=1/shop./8", nil, "NOT_FOUND", "path of route /api/shop/, as"},
		{"DELETE", "/api/shop%252F9", nil, "NOT_FOUND", "path of route /api/shop/, as"},
		{"DELETE", "/api/sh%6Fp/10|", nil, "NOT_FOUND", "path of route /api/shop/, as"},
		{"DELETE", "/api/shop", nil, "NOT_FOUND", "path of route /api/shop/, as"},
		{"DELETE", "/api/shop/..%2F11", nil, "INVALID_PATH", "paths of every route"},
		{"DELETE", `/api\shop/12`, nil, "INVALID_PATH", "paths of every route"},
		{"OPTIONS", "/api/shop/orders/13", nil, "METHOD_NOT_ALLOWED", "methods of every route"},
	} {
		for _, x := range []*visitor{v, guest} {
			if a := x.ask(auth, tt.method, tt.uri, tt.header); a.status != 403 || !strings.Contains(a.body, `"code":"`+tt.code+`"`) || a.header.Get("Authorization") != "" || a.header.Get("X-User-Id") != "" {
				t.Errorf("%s %s: got %d %s with %v, want %s", tt.method, tt.uri, a.status, a.body, a.header, tt.code)
			}
		}
		s.log.Want(t, `"for_method":"`+tt.method+`"`)
		s.log.Want(t, `"refused_by":"`+tt.rule)
	}
	// A guest would pass at our own proxy. Here each answer says who it is.
	guest.want(guest.ask(auth, "GET", "/api/maybe/x", http.Header{"X-User-Id": {"usr_forged"}}), 401, "NO_SESSION")
	socket["Origin"] = []string{"https://evil.example"}
	v.want(v.ask(auth, "GET", "/api/proxy/chat", socket), 403, "INVALID_ORIGIN")
}
