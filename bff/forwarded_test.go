package bff

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vestibule/bff/proxy"
	"vestibule/internal/web"
)

// FuzzForwardedRequest: what passes means the same to every server behind the proxy that asks.
func FuzzForwardedRequest(f *testing.F) {
	for _, seed := range [][2]string{
		{"GET", "/"}, {"POST", "/orders/1?x=1&y=2"}, {"get", "/"}, {"GET, POST", "/"}, {"", "/"}, {"GET", ""}, {"GET", "orders"}, {"GET", "*"}, {"GET", "http://evil.example/"},
		{"GET", "//evil.example"}, {"GET", "/../x"}, {"GET", "/%2e%2e/x"}, {"GET", "/a%2Fb"}, {"GET", "/a|%2Fb"}, {"GET", "/a;x/..;y/b"}, {"GET", "/a#/../b"}, {"GET", "/a b"},
		{"GET", "/a?b?c;d"}, {"GET", "/a?%zz"}, {"GET", "/%"}, {"GET", "/\x7f"}, {"GET", "/\u00e4"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, method, uri string) {
		r := httptest.NewRequest(http.MethodGet, verifyPath, nil)
		r.Header = http.Header{forwardedMethod: {method}, forwardedURI: {uri}}
		asked, err := forwardedRequest(r)
		if err != nil {
			if e := web.AsError(err); e.Status != http.StatusForbidden || e.Code != "FORWARDED_HEADERS" && e.Code != "INVALID_PATH" {
				t.Fatalf("%q %q: got %d %s, want a 403", method, uri, e.Status, e.Code)
			}
			return
		}
		if asked.Method != method || asked.RequestURI != uri || r.Method != http.MethodGet {
			t.Fatalf("%q %q: got %q %q", method, uri, asked.Method, asked.RequestURI)
		}
		if proxy.CheckTarget(asked) != nil {
			return
		}
		if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, method) {
			t.Fatalf("the method %q passes", method)
		}
		if strings.ContainsAny(uri, "# ") {
			t.Fatalf("%q passes, and ends earlier for some servers", uri)
		}
		path, query, _ := strings.Cut(uri, "?")
		for i, segment := range strings.Split(path, "/") {
			plain, err := url.PathUnescape(segment)
			name, _, _ := strings.Cut(plain, ";")
			if err != nil || name == "." || name == ".." || strings.ContainsAny(plain, "/\\\x00\r\n") || i == 1 && segment == "" && path != "/" {
				t.Fatalf("%q passes with the segment %q", uri, segment)
			}
		}
		if _, err := url.ParseQuery(query); err != nil {
			t.Fatalf("%q passes, but its query is invalid: %v", uri, err)
		}
	})
}
