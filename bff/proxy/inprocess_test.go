package proxy

import (
	"net/http"
	"strings"
	"testing"

	"vestibule/internal/inprocess"
)

// TestInProcess: the proxy works with a transport that uses no network.
func TestInProcess(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, "http://api.internal", func(c *Config) { c.Transport = &inprocess.Transport{Handler: api} })
	res, body := r.do(r.request(t.Context(), "POST", "/api/proxy/a%2Cb?c", strings.NewReader("hello"), "Idempotency-Key", "k"))
	got := api.onlyRequest(t)
	if res.StatusCode != 200 || body != "ok" || got.RequestURI != "/api/a%2Cb?c" || got.body != "hello" || got.Header.Get("Idempotency-Key") != "k" {
		t.Errorf("got %d %q; the API got %s %q %v", res.StatusCode, body, got.RequestURI, got.body, got.Header)
	}
	t.Run("a panic of the API is a 502", func(t *testing.T) {
		r := newRig(t, "http://api.internal", func(c *Config) {
			c.Transport = &inprocess.Transport{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })}
		})
		res, body := r.get("/api/proxy/x")
		r.wantError(res, body, http.StatusBadGateway, "BAD_GATEWAY")
	})
	t.Run("its redirects are rewritten too", func(t *testing.T) {
		r := newRig(t, "http://api.internal", func(c *Config) {
			c.Transport = &inprocess.Transport{Handler: http.RedirectHandler("/api/y", http.StatusSeeOther)}
		})
		if res, _ := r.get("/api/proxy/x"); res.Header.Get("Location") != "/api/proxy/y" {
			t.Errorf("got %d to %q", res.StatusCode, res.Header["Location"])
		}
	})
}
