package daemon

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAPageCannotReadTheAdminServerByAnotherName: one whose name leads to this machine would have
// the same origin.
func TestAPageCannotReadTheAdminServerByAnotherName(t *testing.T) {
	ask := func(loopback bool, path, host string) *httptest.ResponseRecorder {
		a := &admin{log: discard, loopback: loopback, pprof: true, observers: observers{metrics: newMetrics()}}
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = host
		w := httptest.NewRecorder()
		a.handler().ServeHTTP(w, r)
		return w
	}
	for _, path := range []string{"/metrics", "/debug/pprof/"} {
		for _, host := range []string{"evil.example:9090", "evil.example", "localhost.evil.example:9090", "127.0.0.1.evil.example", "127.1:9090"} {
			if w := ask(true, path, host); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "INVALID_HOST") {
				t.Errorf("%s of %s: got %d, want 403", path, host, w.Code)
			}
		}
		for _, host := range []string{"", "localhost:9090", "LOCALHOST", "127.0.0.1:9090", "10.0.0.11:9090", "[::1]:9090", "[::1]"} {
			if w := ask(true, path, host); w.Code != http.StatusOK {
				t.Errorf("%s of %q: got %d, want 200", path, host, w.Code)
			}
		}
		if w := ask(false, path, "vestibule.internal:9090"); w.Code != http.StatusOK {
			t.Errorf("%s at another address: got %d, want 200", path, w.Code)
		}
	}
	if w := ask(true, "/livez", "app.example.com"); w.Code != http.StatusOK {
		t.Errorf("a probe: got %d, want 200", w.Code)
	}
}
