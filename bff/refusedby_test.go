package bff_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vestibule/bff"
	"vestibule/bff/route"
	"vestibule/internal/storetest"
)

// TestEarlyRefusalsAreExplainedInTheLog: those that a request gets before it reaches its route,
// which is named too.
func TestEarlyRefusalsAreExplainedInTheLog(t *testing.T) {
	t.Parallel()
	const listed = "https://app.example.com"
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) {
		shop := &url.URL{Scheme: "http", Host: "127.0.0.1:1", Path: "/"}
		c.Routes = route.New(route.Route{Path: "/api/proxy/shop/", Upstream: shop, Audience: "shop"}, route.Route{Path: "/api/proxy/shop/admin/", Upstream: shop, Audience: "admin"})
	})
	for name, tt := range map[string]struct {
		method, path string
		header       http.Header
		status       int
		want         []string
	}{
		"another site": {"POST", "/api/proxy/shop/a", http.Header{"Origin": {"https://evil.example"}}, 403, []string{`"route":"/api/proxy/shop/"`, `"refused_origin":"https://evil.example"`}},
		"a preflight of another site": {"OPTIONS", "/api/proxy/shop/b", http.Header{"Origin": {"https://bad.example"}, "Access-Control-Request-Method": {"PUT"}}, 204,
			[]string{`"route":"/api/proxy/shop/"`, `"refused_origin":"https://bad.example"`}},
		"a preflight for a header": {"OPTIONS", "/api/proxy/shop/c", http.Header{"Origin": {listed}, "Access-Control-Request-Method": {"PUT"}, "Access-Control-Request-Headers": {"content-type,x-a b,x-tenant"}}, 204,
			[]string{`"route":"/api/proxy/shop/"`, `"refused_by":"forward_headers of every route, and PROXY_FORWARD_HEADERS"`, `"not_forwarded":"X-Tenant"`}},
		"a preflight for a method": {"OPTIONS", "/api/proxy/shop/admin/d", http.Header{"Origin": {listed}, "Access-Control-Request-Method": {"PURGE"}}, 204,
			[]string{`"route":"/api/proxy/shop/admin/"`, `"refused_by":"methods of every route"`}},
		"no preflight": {"OPTIONS", "/api/proxy/shop/e", http.Header{"Origin": {listed}}, 405, []string{`"route":"/api/proxy/shop/"`, `"refused_by":"methods of every route"`}},
		"no session":   {"GET", "/api/proxy/shop/f", nil, 401, []string{`"route":"/api/proxy/shop/"`, `"refused_by":"session of route /api/proxy/shop/"`}},
		"a path that could be one of another route": {"GET", "/api/proxy/shop/%61dmin/g", nil, 404, []string{`"refused_by":"path of route /api/proxy/shop/admin/, as lenient servers read it"`}},
	} {
		if a := s.visitor().doRaw(tt.method, tt.path, "", tt.header); a.status != tt.status {
			t.Errorf("%s: got %d %s, want %d", name, a.status, a.body, tt.status)
		}
		s.log.Want(t, `"path":"`+tt.path+`"`)
		record := recordWith(s.log.String(), `"path":"`+tt.path+`"`)
		for _, want := range tt.want {
			if !strings.Contains(record, want) {
				t.Errorf("%s: got the record %s, want %s in it", name, record, want)
			}
		}
	}
	s.visitor().doRaw("OPTIONS", "/api/proxy/shop/h", "", http.Header{"Origin": {listed}, "Access-Control-Request-Method": {"PUT"}, "Access-Control-Request-Headers": {"content-type"}})
	s.log.Want(t, `"path":"/api/proxy/shop/h"`)
	if record := recordWith(s.log.String(), `"path":"/api/proxy/shop/h"`); strings.Contains(record, "refused") {
		t.Errorf("a preflight that passes: got %s", record)
	}
}

// recordWith returns the line of a log that has the text.
func recordWith(log, text string) string {
	for line := range strings.Lines(log) {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}
