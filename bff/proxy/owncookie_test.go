package proxy

import (
	"context"
	"io"
	"net/http"
	"slices"
	"testing"
)

// withCookie makes every grant have our own cookie.
func withCookie(c *Config) {
	authorize := c.Authorize
	c.Authorize = func(r *http.Request) (Grant, error) {
		grant, err := authorize(r)
		grant.Cookie = func(context.Context) *http.Cookie {
			if r.Header.Get("X-Without") != "" {
				return nil
			}
			return &http.Cookie{Name: "session", Value: "signed-again", HttpOnly: true}
		}
		return grant, err
	}
}

const ownCookie = "session=signed-again; HttpOnly"

// TestAnAnswerWithOurCookieIsStoredNowhere: whatever the API says about caching, and for any
// kind of answer. A stored copy could bring the cookie back when there is a newer one.
func TestAnAnswerWithOurCookieIsStoredNowhere(t *testing.T) {
	t.Parallel()
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		for _, h := range []string{"Cache-Control", "Expires", "Content-Type", "Content-Range"} {
			if v := req.URL.Query().Get(h); v != "" {
				w.Header().Set(h, v)
			}
		}
		w.Header().Set("Set-Cookie", "session=of-the-api")
		w.Header().Set("ETag", `"1"`)
		status := map[string]int{"304": 304, "206": 206, "201": 201, "404": 404, "401": 401, "500": 500}[req.URL.Query().Get("status")]
		if status != 0 {
			w.WriteHeader(status)
		}
		if status != http.StatusNotModified {
			_, _ = io.WriteString(w, "data: 1\n\n")
		}
	}), withCookie)
	for _, tt := range []struct{ method, query, alone, want string }{
		{"GET", "", "no-store", "no-store"},
		{"HEAD", "", "no-store", "no-store"},
		{"POST", "status=201", "no-store", "no-store"},
		{"GET", "Cache-Control=public,max-age=60", "private, max-age=60", "no-store"},
		{"HEAD", "Cache-Control=max-age=60", "private, max-age=60", "no-store"},
		{"GET", "Cache-Control=no-cache", "private, no-cache", "no-store"},
		{"GET", "Cache-Control=no-store,must-understand", "private, no-store, must-understand", "no-store"},
		{"GET", "Cache-Control=no-cache,No-Transform&Content-Type=text/event-stream", "private, no-cache, No-Transform", "no-store, no-transform"},
		{"GET", "Cache-Control=max-age=60&Expires=Tue,+15+Nov+2044+12:45:26+GMT", "private, max-age=60", "no-store"},
		{"GET", "Cache-Control=max-age=60&status=304", "private, max-age=60", "no-store"},
		{"GET", "Cache-Control=max-age=60&status=206&Content-Range=bytes+0-8/20", "private, max-age=60", "no-store"},
		{"GET", "Cache-Control=max-age=60&status=404", "private, max-age=60", "no-store"},
		{"GET", "Cache-Control=max-age=60&status=401", "private, max-age=60", "no-store"},
		{"GET", "Cache-Control=max-age=60&status=500", "private, max-age=60", "no-store"},
	} {
		res, body := r.do(r.request(t.Context(), tt.method, "/api/proxy/x?"+tt.query, nil))
		if got := res.Header["Set-Cookie"]; !slices.Equal(got, []string{ownCookie}) {
			t.Errorf("%s %s: got cookies %q, want ours alone", tt.method, tt.query, got)
		}
		if got := res.Header["Cache-Control"]; !slices.Equal(got, []string{tt.want}) || res.Header.Get("Expires") != "" {
			t.Errorf("%s %s: got Cache-Control %q and Expires %q, want %s", tt.method, tt.query, got, res.Header.Get("Expires"), tt.want)
		}
		if res.Header.Get("ETag") != `"1"` || !slices.Contains(res.Header["Vary"], "Cookie") {
			t.Errorf("%s %s: got headers %v, want the API's too", tt.method, tt.query, res.Header)
		}
		plain, plainBody := r.do(r.request(t.Context(), tt.method, "/api/proxy/x?"+tt.query, nil, "X-Without", "1"))
		if got := plain.Header.Get("Cache-Control"); got != tt.alone || plain.Header["Set-Cookie"] != nil || plainBody != body || plain.StatusCode != res.StatusCode {
			t.Errorf("%s %s without our cookie: got %d, Cache-Control %q and cookies %q", tt.method, tt.query, plain.StatusCode, got, plain.Header["Set-Cookie"])
		}
	}
}

// TestAWebSocketGetsOurCookie: a page may open nothing else.
func TestAWebSocketGetsOurCookie(t *testing.T) {
	t.Parallel()
	r := newRig(t, newSocketAPI(), withCookie)
	_, res := r.dial()
	if got := res.Header["Set-Cookie"]; !slices.Equal(got, []string{ownCookie}) {
		t.Errorf("got cookies %q, want ours alone", got)
	}
	_, res = r.dial("X-Without", "1")
	if got := res.Header["Set-Cookie"]; got != nil {
		t.Errorf("got cookies %q, want none", got)
	}
}

// TestARefusalHasNotOurCookie: a refusal may clear the cookie, or may be late.
func TestARefusalHasNotOurCookie(t *testing.T) {
	t.Parallel()
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.WriteHeader(http.StatusUnauthorized)
	}), withCookie)
	res, body := r.get("/api/proxy/x")
	r.wantError(res, body, http.StatusBadGateway, "UPSTREAM_REJECTED_TOKEN")
	if got := res.Header["Set-Cookie"]; got != nil {
		t.Errorf("got cookies %q, want none", got)
	}
}
