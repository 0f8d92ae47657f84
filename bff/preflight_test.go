package bff_test

import (
	"net/http"
	"strings"
	"testing"

	"vestibule/bff"
	"vestibule/internal/storetest"
)

// TestPreflightsForPatterns: a listed origin may send the headers of a pattern, alone and
// beside others, and nothing that would not pass.
func TestPreflightsForPatterns(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.ProxyForwardHeaders = []string{"X-Tenant", "X-My-*"} })
	v := s.visitor()
	const listed = "https://app.example.com"
	for _, tt := range []struct {
		origin, method, headers string
		want                    bool
	}{
		{listed, "PUT", "x-my-app", true},
		{listed, "PUT", "content-type,traceparent,x-my-app,x-tenant", true},
		{listed, "PUT", "content-type, x-my-app, x-my-other", true},
		{listed, "PUT", "content-type,x-tenant", true},
		{listed, "PUT", "", true},
		{listed, "PUT", "x-my-app,x-other", false},
		{listed, "PUT", "x-my-app,x-forwarded-for", false},
		{listed, "PUT", "authorization,x-my-app", false},
		{listed, "PUT", "x-my-app,x-my_app", false},
		{listed, "PUT", "x-my-app,", false},
		{listed, "PUT", "*", false},
		{listed, "PUT", strings.Repeat("x-my-app,", 100) + "x-my-app", false},
		{listed, "TRACE", "x-my-app", false},
		{"https://evil.example", "PUT", "x-my-app", false},
		{"null", "PUT", "x-my-app", false},
	} {
		h := http.Header{"Origin": {tt.origin}, "Access-Control-Request-Method": {tt.method}}
		if tt.headers != "" {
			h.Set("Access-Control-Request-Headers", tt.headers)
		}
		a := v.doRaw("OPTIONS", "/api/proxy/x", "", h)
		origin, headers := a.header.Get("Access-Control-Allow-Origin"), a.header.Get("Access-Control-Allow-Headers")
		if !tt.want && (origin != "" || headers != "") {
			t.Errorf("%s %s %.80s: got %v", tt.origin, tt.method, tt.headers, a.header)
		}
		if tt.want && (origin != listed || headers != tt.headers || a.header.Get("Access-Control-Allow-Credentials") != "true" || a.header.Get("Access-Control-Max-Age") != "600") {
			t.Errorf("%s: got %v", tt.headers, a.header)
		}
	}
}
