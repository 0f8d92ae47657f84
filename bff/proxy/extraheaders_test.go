package proxy

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"vestibule/bff/route"
)

func TestFurtherHeadersPassWhenConfigured(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api, func(c *Config) { c.ForwardHeaders = []string{"x-tenant", "Accept"} })
	res, _ := r.get("/api/proxy/x", "X-Tenant", "a", "X-Tenant", "b", "X-Other", "c", "User-Agent", "test")
	r.wantHeader(api.onlyRequest(t), res, "X-Tenant", "a", "X-Tenant", "b", "User-Agent", "test")
}

func TestHeadersThatMustNotPassCannotBeConfigured(t *testing.T) {
	t.Parallel()
	names := []string{
		"Cookie", "cookie", "AUTHORIZATION", "Proxy-Authorization", "Set-Cookie",
		"Forwarded", "X-Forwarded-For", "x-forwarded-host", "X-Forwarded-User", "X-Forwarded-Anything", "X-Real-IP", "Via",
		"True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "X-Original-URL",
		"X-Request-ID", "Traceparent", "X-User-Id", "Remote-User", "X-Auth-Request-Email",
		"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Expect",
		"Host", "Content-Length", "Sec-WebSocket-Key",
		"X_Tenant", "", "X Tenant", "X-Tenant:", "X-Ténant", "X-Tenant\r\n",
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			_, err := New(Config{Route: route.Route{Path: route.DefaultPath, ForwardHeaders: []string{"X-Fine", name}}, Backend: mustParse(t, "http://api"), Public: mustParse(t, "http://app")})
			if err == nil {
				t.Fatal("got no error")
			}
			if !strings.Contains(err.Error(), `"`+strings.Trim(name, "\r\n")) || strings.Contains(err.Error(), "X-Fine") {
				t.Errorf("got %q, want an error that names this header alone", err)
			}
		})
	}
	t.Run("all mistakes are reported at once", func(t *testing.T) {
		_, err := New(Config{Route: route.Route{Path: route.DefaultPath, ForwardHeaders: names}, Backend: mustParse(t, "ftp://api"), Public: mustParse(t, "http://app")})
		for _, want := range append([]string{"http or https"}, names[:10]...) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error about %s too", err, want)
			}
		}
	})
	t.Run("the tables hold canonical names", func(t *testing.T) {
		for _, name := range slices.Concat(requestHeaders, handshakeRequest, handshakeResponse, slices.Collect(maps.Keys(withheld))) {
			if name != http.CanonicalHeaderKey(name) {
				t.Errorf("%s would never match", name)
			}
		}
	})
}
