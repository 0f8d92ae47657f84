package proxy

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outerHeaders are set by the layers around the proxy or by net/http.
var outerHeaders = []string{
	"Access-Control-Allow-Origin", "Cache-Control", "Content-Security-Policy", "Cross-Origin-Resource-Policy", "Referrer-Policy",
	"Strict-Transport-Security", "Vary", "X-Content-Type-Options", "X-Request-Id",
}

// apiHeaders are the headers of an answer that come from the API.
func apiHeaders(res *http.Response) http.Header {
	h := res.Header.Clone()
	maps.DeleteFunc(h, func(name string, _ []string) bool { return slices.Contains(outerHeaders, name) })
	return h
}

func TestHeadersOfTheAPIThatPass(t *testing.T) {
	t.Parallel()
	pass := []string{
		"Content-Type: application/vnd.x+json; charset=utf-8",
		"Content-Length: 2",
		"Content-Encoding: br",
		"Content-Disposition: attachment; filename=\"a,b.txt\"",
		"Content-Language: de",
		"Content-Range: bytes 0-1/10",
		"Accept-Ranges: bytes",
		"ETag: W/\"x\"",
		"Last-Modified: Tue, 15 Nov 1994 12:45:26 GMT",
		"Date: Tue, 15 Nov 1994 12:45:26 GMT",
		"Retry-After: 120",
		"Allow: GET",
		"Age: 3",
		"Www-Authenticate: Basic realm=\"x\"",
		"X-Total-Count: 3",
		"X-Accel-Buffering: no",
		"X-Two: 1",
		"X-Two: 2",
	}
	r := newRig(t, rawAPI(t, answering("HTTP/1.1 401 Whatever\n"+strings.Join(pass, "\n")+"\n\nhi")))
	res, body := r.get("/api/proxy/x")
	if res.StatusCode != http.StatusUnauthorized || body != "hi" {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
	want := http.Header{}
	for _, line := range pass {
		name, value, _ := strings.Cut(line, ": ")
		want.Add(name, value)
	}
	if diff := cmp.Diff(want, apiHeaders(res)); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	r.wantOuterHeaders(res)
}

func TestWithheldHeadersOfTheAPI(t *testing.T) {
	t.Parallel()
	hostile := []string{
		"Set-Cookie: better-auth.session_token=fixed",
		"Set-Cookie2: a=b",
		"set-cookie: c=d",
		"Server: uvicorn",
		"X-Powered-By: Express",
		"Via: 1.1 internal",
		"Connection: X-Hop, keep-alive",
		"X-Hop: 1",
		"Keep-Alive: timeout=5",
		"Proxy-Authenticate: Basic",
		"Proxy-Connection: close",
		"Upgrade: h2c",
		"Trailer: X-Trailer",
		"Access-Control-Allow-Origin: *",
		"Access-Control-Allow-Credentials: true",
		"Access-Control-Expose-Headers: *",
		"Access-Control-Anything: x",
		"Timing-Allow-Origin: *",
		"X-Request-Id: forged",
		"Content-Security-Policy: default-src *",
		"X-Content-Type-Options: sniff",
		"Referrer-Policy: unsafe-url",
		"Strict-Transport-Security: max-age=0",
		"Public-Key-Pins: x",
		"Alt-Svc: h3=\"evil.example:443\"",
		"Clear-Site-Data: \"*\"",
		"Service-Worker-Allowed: /",
		"NEL: {}",
		"Report-To: {}",
		"Accept-CH: Device-Memory",
		"Refresh: 0; url=https://evil.example/",
		"Cross-Origin-Resource-Policy: cross-origin",
		"Cross-Origin-Opener-Policy: unsafe-none",
		"Cross-Origin-Embedder-Policy: require-corp",
		"Cross-Origin-Opener-Policy-Report-Only: same-origin",
		"Origin-Agent-Cluster: ?0",
		"Secure-Session-Registration: (ES256);path=\"/x\"",
		"Sec-Session-Registration: (ES256);path=\"/x\"",
		"Secure-Session-Challenge: \"x\"",
		"Use-As-Dictionary: match=\"/*\"",
		"Set-Login: logged-in",
		"Activate-Storage-Access: load",
		"Critical-CH: Device-Memory",
		"Reporting-Endpoints: x=\"https://evil.example\"",
		"Content-Security-Policy-Report-Only: default-src 'none'; report-uri https://evil.example",
		"Permissions-Policy: camera=*",
		"Document-Policy: x",
		"Integrity-Policy: x",
		"Origin-Trial: x",
		"Speculation-Rules: \"/x.json\"",
		"SourceMap: /x.map",
		"X-SourceMap: /x.map",
		"X-XSS-Protection: 0",
		"Attribution-Reporting-Register-Source: {}",
		"Link: </api/x.js>; rel=preload; as=script",
		"Pragma: cache",
		"CDN-Cache-Control: public, max-age=600",
		"Cloudflare-CDN-Cache-Control: max-age=600",
		"Akamai-Cache-Control: max-age=600",
		"Surrogate-Control: max-age=600",
		"Surrogate-Key: all",
		"Edge-Control: cache-maxage=600",
		"Cache-Tag: all",
		"X-LiteSpeed-Cache-Control: public, max-age=600",
		"X-LiteSpeed-Location: /internal/file",
		"X-Accel-Redirect: /internal/file",
		"X-Accel-Expires: 600",
		"X-Accel-Limit-Rate: 1",
		"X-Accel-Charset: x",
		"X-Sendfile: /etc/passwd",
		"X-Lighttpd-Send-File: /etc/passwd",
		"X-Reproxy-URL: http://127.0.0.1/",
	}
	r := newRig(t, rawAPI(t, answering("HTTP/1.1 200 OK\nDate: now\nX-Fine: 1\nTransfer-Encoding: chunked\n"+strings.Join(hostile, "\n")+
		"\n\n2\nhi\n0\nX-Trailer: 1\nSet-Cookie: trailer=1\n\n")))
	res, body := r.get("/api/proxy/x")
	if body != "hi" {
		t.Errorf("got %q", body)
	}
	want := http.Header{"Date": {"now"}, "X-Fine": {"1"}}
	if diff := cmp.Diff(want, apiHeaders(res)); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if len(res.Trailer) > 0 {
		t.Errorf("got trailers %v", res.Trailer)
	}
	r.wantOuterHeaders(res)
	if got := res.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control: got %q", got)
	}
}

func TestInterimAnswersAreNotForwarded(t *testing.T) {
	t.Parallel()
	const interim = "HTTP/1.1 100 Continue\n\n" +
		"HTTP/1.1 103 Early Hints\nLink: </style.css>; rel=preload\nSet-Cookie: early=1\nX-Early: 1\n\n" +
		"HTTP/1.1 102 Processing\nSet-Cookie: early=2\n\n"
	for name, final := range map[string]string{
		"an answer":   "HTTP/1.1 200 OK\nContent-Length: 2\nX-Final: 1\n\nhi",
		"an error":    "HTTP/1.1 302 Found\nLocation: https://evil.example/\nContent-Length: 0\n\n",
		"a rejection": "HTTP/1.1 401 No\nWWW-Authenticate: Bearer\nContent-Length: 0\n\n",
	} {
		t.Run(name+" that follows has all our headers", func(t *testing.T) {
			r := newRig(t, rawAPI(t, answering(interim+final)))
			c := r.raw("GET /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\n\n")
			res, _ := c.answer("GET") // the first part of the answer
			if res.StatusCode < 200 {
				t.Fatalf("got a %d", res.StatusCode)
			}
			r.wantOuterHeaders(res)
			for _, name := range []string{"Set-Cookie", "X-Early", "Link"} {
				if got := res.Header[name]; len(got) > 0 {
					t.Errorf("%s: got %q", name, got)
				}
			}
		})
	}
}

func TestNoContentTypeIsAdded(t *testing.T) {
	t.Parallel()
	r := newRig(t, rawAPI(t, answering("HTTP/1.1 200 OK\nContent-Length: 15\n\n<script></html>")))
	res, _ := r.get("/api/proxy/x")
	if got, ok := res.Header["Content-Type"]; ok {
		t.Errorf("Content-Type: got %q, want none", got)
	}
}

func TestStatusesAndEmptyAnswersPassUnchanged(t *testing.T) {
	t.Parallel()
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var status int
		_, _ = fmt.Sscan(req.URL.Query().Get("status"), &status)
		w.Header().Set("ETag", `"x"`)
		if req.Method == "HEAD" {
			w.Header().Set("Content-Length", "1234")
		}
		w.WriteHeader(status)
		if req.Method != "HEAD" && status != 204 && status != 304 {
			_, _ = io.WriteString(w, "body")
		}
	}))
	for _, status := range []int{200, 201, 202, 204, 206, 226, 300, 302, 304, 400, 401, 403, 404, 409, 412, 413, 416, 418, 422, 429, 500, 502, 503, 504, 599, 999} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			res, body := r.do(r.request(t.Context(), method, fmt.Sprintf("/api/proxy/x?status=%d", status), nil))
			wantBody := "body"
			if method == "HEAD" || status == 204 || status == 304 {
				wantBody = ""
			}
			if res.StatusCode != status || body != wantBody || res.Header.Get("ETag") != `"x"` {
				t.Errorf("%s: got %d %q with ETag %q, want %d %q", method, res.StatusCode, body, res.Header.Get("ETag"), status, wantBody)
			}
			if method == "HEAD" && status != 204 && status != 304 && res.ContentLength != 1234 {
				t.Errorf("HEAD of a %d: got length %d, want 1234", status, res.ContentLength)
			}
			r.wantOuterHeaders(res)
		}
	}
}
