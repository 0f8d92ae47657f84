package bff

import (
	"net/url"
	"strings"
	"testing"

	"vestibule/bff/route"
	"vestibule/internal/storetest"
)

// TestWhatTheProxyGets: paths that begin with the one of a route as they are written, and no
// others, however similar. The proxy itself refuses strange paths.
func TestWhatTheProxyGets(t *testing.T) {
	t.Parallel()
	table := Config{}.routeTable()
	for _, target := range []string{
		"/api/proxy/", "/api/proxy/x", "/api/proxy//x", "/api/proxy/../x", "/api/proxy/%2e%2e/x", "/api/proxy/%2F", "/api/proxy/x|",
		"/api/proxy/x%2F|", "/api/proxy/\u00e4", "/api/proxy/x;y", "/api/proxy/%00", "http://localhost:3000/api/proxy/x", "http:/api/proxy/x",
	} {
		if found(t, table, target) == nil {
			t.Errorf("%s: the proxy does not get it", target)
		}
	}
	for _, target := range []string{
		"/api/proxy", "/api/proxy?x", "/api/proxyx", "/API/proxy/x", "/api/Proxy/x", "//api/proxy/x", "/api//proxy/x", "/x/../api/proxy/x",
		"/api%2Fproxy/x", "/api/proxy%2Fx", "/api/%70roxy/x", "/%61pi/proxy/x", "/api;x/proxy/x", "/api/proxy\\x", `/api\proxy/x`,
		"/", "/api/", "/api/ok", "/tasks", "http://evil.example//api/proxy/x", "*",
	} {
		if found(t, table, target) != nil {
			t.Errorf("%s: the proxy gets it", target)
		}
	}
}

// found returns the route of a request's target as net/http parses it.
func found(t *testing.T, table route.Table, target string) *route.Route {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	if err != nil {
		t.Fatal(err)
	}
	return table.Find(u.EscapedPath())
}

// TestNoEndpointIsBelowTheProxy: it would never be reached.
func TestNoEndpointIsBelowTheProxy(t *testing.T) {
	t.Parallel()
	base := &url.URL{Scheme: "http", Host: "localhost:3000"}
	s, err := New(t.Context(), Config{BaseURL: base, Backend: base, Secret: make([]byte, 32), Mail: MailConfig{Folder: t.TempDir()}}, Deps{Store: storetest.SQLite(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range s.endpoints() {
		if e.Handler != nil && strings.HasPrefix(e.Path, route.DefaultPath) {
			t.Errorf("%s %s is below %s", e.Method, e.Path, route.DefaultPath)
		}
	}
}
