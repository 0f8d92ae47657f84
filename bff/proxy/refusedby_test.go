package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/bff/route"
)

// TestTheLogNamesTheRuleThatRefuses a request, and the route. The path of the route is the
// configured one, and not the path of the request.
func TestTheLogNamesTheRuleThatRefuses(t *testing.T) {
	t.Parallel()
	away := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://evil.example/")
		w.WriteHeader(http.StatusFound)
	})
	silent := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	reads := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	get := func(target string) func(*rig) (*http.Response, string) {
		return func(r *rig) (*http.Response, string) { return r.get(target) }
	}
	post := func(body io.Reader) func(*rig) (*http.Response, string) {
		return func(r *rig) (*http.Response, string) {
			return r.do(r.request(r.Context(), http.MethodPost, "/api/proxy/x", body))
		}
	}
	raw := func(request string) func(*rig) (*http.Response, string) {
		return func(r *rig) (*http.Response, string) { return r.raw(request).answer("GET") }
	}
	for name, tt := range map[string]struct {
		api    http.Handler
		adjust func(*Config)
		send   func(*rig) (*http.Response, string)
		status int
		want   string // the rule
	}{
		"a body with a length":   {reads, func(c *Config) { c.BodyLimit = 3 }, post(strings.NewReader("four")), 413, "body_limit of route /api/proxy/"},
		"a body without one":     {reads, func(c *Config) { c.BodyLimit = 3 }, post(struct{ io.Reader }{strings.NewReader("four")}), 413, "body_limit of route /api/proxy/"},
		"an answer too late":     {silent, func(c *Config) { c.Timeout = 10 * time.Millisecond }, get("/api/proxy/x"), 504, "timeout of route /api/proxy/"},
		"a redirect that leaves": {away, func(*Config) {}, get("/api/proxy/x"), 502, "redirects of route /api/proxy/"},
		"a WebSocket":            {reads, func(c *Config) { c.WebSocket = false }, raw(handshake), 403, "websocket of route /api/proxy/"},
		"a method":               {reads, func(c *Config) { c.Methods = []string{http.MethodGet} }, post(nil), 405, "methods of route /api/proxy/"},
		"a path":                 {reads, func(c *Config) { c.Paths = []route.Pattern{} }, get("/api/proxy/x"), 404, "paths of route /api/proxy/"},
		"OPTIONS":                {reads, func(*Config) {}, raw("OPTIONS /api/proxy/x HTTP/1.1\nHost: app\n\n"), 405, "methods of every route"},
		"an ambiguous path":      {reads, func(*Config) {}, get("/api/proxy/a/..%2Fb"), 400, "paths of every route"},
		"an invalid query":       {reads, func(*Config) {}, get("/api/proxy/x?a;b"), 400, "queries of every route"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, tt.api, tt.adjust)
			if res, body := tt.send(r); res.StatusCode != tt.status || strings.Contains(body, "of route") || strings.Contains(body, "of every") {
				t.Errorf("got %d %s, want %d without the rule", res.StatusCode, body, tt.status)
			}
			r.wantLog(`"route":"/api/proxy/"`)
			r.wantLog(`"refused_by":"` + tt.want + `"`)
			if got := strings.Count(r.log.String(), "refused_by"); got != 1 {
				t.Errorf("got %d rules in %s, want one", got, r.log.String())
			}
		})
	}
	r := newRig(t, reads)
	r.get("/api/proxy/a/b")
	r.wantLog(`"route":"/api/proxy/"`)
	if got := r.log.String(); strings.Contains(got, "refused_by") {
		t.Errorf("a request that passes: got %s", got)
	}
}
