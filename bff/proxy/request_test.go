package proxy

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/web"
)

// ownHeaders are the headers that the proxy adds to every request, except X-Request-Id
// and Traceparent, whose values vary.
func (r *rig) ownHeaders() http.Header {
	return http.Header{
		"Authorization":     {"Bearer " + testBearer},
		"X-Forwarded-For":   {"127.0.0.1"},
		"X-Forwarded-Host":  {"app.example"},
		"X-Forwarded-Proto": {"https"},
	}
}

// wantHeader checks all headers that the API got: ours and extra (name, value, …).
func (r *rig) wantHeader(got seen, res *http.Response, extra ...string) {
	r.Helper()
	want := r.ownHeaders()
	for i := 0; i < len(extra); i += 2 {
		want.Add(extra[i], extra[i+1])
	}
	h := got.Header.Clone()
	if len(h["X-Request-Id"]) != 1 || h.Get("X-Request-Id") != res.Header.Get("X-Request-Id") {
		r.Errorf("X-Request-Id: the API got %q, the browser %q", h["X-Request-Id"], res.Header["X-Request-Id"])
	}
	delete(h, "X-Request-Id")
	if parents := h["Traceparent"]; len(parents) != 1 || !validTraceparent(parents[0]) {
		r.Errorf("Traceparent: got %q", parents)
	}
	delete(h, "Traceparent")
	if diff := cmp.Diff(want, h); diff != "" {
		r.Errorf("headers at the API (-want +got):\n%s", diff)
	}
	if got.Host != r.api.Host {
		r.Errorf("Host: got %q, want %q", got.Host, r.api.Host)
	}
}

func TestAPlainRequestGetsOnlyOurHeaders(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	res, _ := r.raw("GET /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\n\n").answer("GET")
	r.wantHeader(api.onlyRequest(t), res)
}

func TestListedHeadersPassUnchanged(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	var lines strings.Builder
	var want []string
	for _, name := range RequestHeaders() {
		if name == "Tracestate" {
			continue // not without a traceparent
		}
		lines.WriteString(name + ": value of " + name + "\n")
		want = append(want, name, "value of "+name)
	}
	lines.WriteString("accept: second line\n")
	want = append(want, "Accept", "second line")
	res, _ := r.raw("GET /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\n" + lines.String() + "\n").answer("GET")
	r.wantHeader(api.onlyRequest(t), res, want...)

	t.Run("a body has its length", func(t *testing.T) {
		res, _ := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nContent-Type: text/plain\nContent-Length: 2\n\nhi").answer("POST")
		got := api.onlyRequest(t)
		r.wantHeader(got, res, "Content-Type", "text/plain", "Content-Length", "2")
		if got.body != "hi" || got.ContentLength != 2 {
			t.Errorf("got body %q of %d bytes", got.body, got.ContentLength)
		}
	})
	t.Run("an empty POST stays empty", func(t *testing.T) {
		res, _ := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nIdempotency-Key: k\nContent-Length: 0\n\n").answer("POST")
		r.wantHeader(api.onlyRequest(t), res, "Content-Length", "0", "Idempotency-Key", "k")
	})
}

// TestUnlistedHeadersAreDropped sends the headers of a hostile client.
func TestUnlistedHeadersAreDropped(t *testing.T) {
	t.Parallel()
	hostile := []string{
		"Cookie: better-auth.session_token=secret",
		"Cookie2: $Version=1",
		"Authorization: Bearer forged",
		"authorization: Basic Zm9yZ2Vk",
		"Proxy-Authorization: Basic x",
		"Referer: https://app.example/?token=secret",
		"Origin: https://app.example",
		"X-User-Id: usr_admin",
		"X-Forwarded-User: admin",
		"X-Forwarded-Email: admin@example.com",
		"X-Forwarded-For: 6.6.6.6",
		"X-Forwarded-Host: evil.example",
		"X-Forwarded-Proto: gopher",
		"X-Forwarded-Prefix: /evil",
		"X-Forwarded-Port: 666",
		"Forwarded: for=6.6.6.6",
		"X-Real-Ip: 6.6.6.6",
		"True-Client-Ip: 6.6.6.6",
		"Via: 1.1 evil",
		"X_Forwarded_For: 6.6.6.6",
		"X_User_Id: usr_admin",
		"Content_Type: text/evil",
		"Content_Length: 5",
		"Accept_Encoding: evil",
		"X-Request-Id: forged",
		"X-Original-Url: /admin",
		"X-Http-Method-Override: DELETE",
		"X-Custom: anything",
		"Sec-Fetch-Site: same-origin",
		"Sec-WebSocket-Key: x",
		"Sec-WebSocket-Protocol: x",
		"HTTP2-Settings: AAMAAABkAAQAAP__",
		"Upgrade: h2c",
		"TE: trailers",
		"Trailer: X-User-Id",
		"Keep-Alive: timeout=5",
		"Proxy-Connection: keep-alive",
		"Dnt: 1",
		"Early-Data: 1",
	}
	api := newRecorder()
	r := newRig(t, api)
	for _, connection := range []string{
		"",
		"Connection: keep-alive\n",
		"Connection: Upgrade, HTTP2-Settings\n",
		"Connection: close, Authorization, X-Request-Id, Traceparent, X-Forwarded-For, Host\n",
		"Connection: X-Forwarded-Host\nConnection: X-Forwarded-Proto,authorization\n",
	} {
		t.Run(connection, func(t *testing.T) {
			res, _ := r.raw("GET /api/proxy/x HTTP/1.1\nHost: app\n" + connection + strings.Join(hostile, "\n") + "\n\n").answer("GET")
			r.wantHeader(api.onlyRequest(t), res)
		})
	}
}

func TestTrailersOfTheClientAreDropped(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	res, _ := r.raw("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\nTransfer-Encoding: chunked\nTrailer: X-User-Id\n\n" +
		"2\nhi\n0\nX-User-Id: usr_admin\n\n").answer("POST")
	got := api.onlyRequest(t)
	r.wantHeader(got, res)
	if got.body != "hi" || len(got.Trailer) != 0 {
		t.Errorf("got body %q and trailer %v", got.body, got.Trailer)
	}
}

func TestTheAPIGetsTheResolvedClientAddress(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	for ip, want := range map[string][]string{"2001:db8::1": {"2001:db8::1"}, "": nil} {
		r := newRig(t, api, func(c *Config) { c.ClientIP = func(*http.Request) string { return ip } })
		r.get("/api/proxy/x", "X-Forwarded-For", "6.6.6.6")
		if got := api.onlyRequest(t).Header["X-Forwarded-For"]; !slices.Equal(got, want) {
			t.Errorf("client %q: got %q, want %q", ip, got, want)
		}
	}
}

func TestRefusalsOfAuthorizePassUnchanged(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	t.Run("no session", func(t *testing.T) {
		res, body := r.raw("GET /api/proxy/x HTTP/1.1\nHost: app\nAuthorization: Bearer x\n\n").answer("GET")
		r.wantError(res, body, http.StatusUnauthorized, "NO_SESSION")
	})
	t.Run("an ended session, with the cookie cleared", func(t *testing.T) {
		r.endSession()
		res, body := r.get("/api/proxy/x")
		r.wantError(res, body, http.StatusUnauthorized, "SESSION_EXPIRED")
		if got := res.Header.Get("Set-Cookie"); got != "session=; Max-Age=0" {
			t.Errorf("Set-Cookie: got %q", got)
		}
	})
	t.Run("the store is unavailable", func(t *testing.T) {
		r := newRig(t, api, func(c *Config) {
			c.Authorize = func(*http.Request) (Grant, error) { return Grant{}, web.Unavailable(nil) }
		})
		res, body := r.get("/api/proxy/x")
		r.wantError(res, body, http.StatusServiceUnavailable, "STORE_UNAVAILABLE")
	})
	api.none(t)
}
