package proxy

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vestibule/bff/route"
)

func TestMethods(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		t.Run(method+" passes", func(t *testing.T) {
			res, _ := r.do(r.request(t.Context(), method, "/api/proxy/x", nil))
			if got := api.onlyRequest(t); res.StatusCode != 200 || got.Method != method {
				t.Errorf("got %d and %s at the API", res.StatusCode, got.Method)
			}
		})
	}
	for _, method := range []string{"OPTIONS", "TRACE", "PROPFIND", "get", "BREW"} {
		t.Run(method+" is refused", func(t *testing.T) {
			c := r.raw(method + " /api/proxy/x HTTP/1.1\nHost: app\nCookie: a=b\n\n")
			res, body := c.answer(method)
			r.wantError(res, body, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
			if got, want := res.Header.Get("Allow"), "GET, HEAD, POST, PUT, PATCH, DELETE"; got != want {
				t.Errorf("Allow: got %q, want %q", got, want)
			}
			api.none(t)
		})
	}
	t.Run("CONNECT is refused", func(t *testing.T) {
		for _, target := range []string{"/api/proxy/x", "other.example:443"} {
			c := r.raw("CONNECT " + target + " HTTP/1.1\nHost: app\nCookie: a=b\n\n")
			if res, _ := c.answer("GET"); res.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s: got %d, want 405", target, res.StatusCode)
			}
			api.none(t)
		}
	})
}

func TestPathsReachTheAPIAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	for _, test := range []struct{ sent, want string }{
		{"/api/proxy/me/tasks", "/api/me/tasks"},
		{"/api/proxy/", "/api/"},
		{"/api/proxy/a%20b", "/api/a%20b"},
		{"/api/proxy/a%2Cb,c", "/api/a%2Cb,c"},
		{"/api/proxy/%61%2a*", "/api/%61%2a*"},
		{"/api/proxy/%C3%A9%e2%82%ac", "/api/%C3%A9%e2%82%ac"},
		{"/api/proxy/a;v=1/b", "/api/a;v=1/b"},
		{"/api/proxy/a:b@c", "/api/a:b@c"},
		{"/api/proxy/...", "/api/..."},
		{"/api/proxy/a%25b", "/api/a%25b"},
		{"/api/proxy/a%252Fb", "/api/a%252Fb"},
		{"/api/proxy/[x]", "/api/[x]"},
		{"/api/proxy/tail/", "/api/tail/"},
		// Bytes that are invalid in a path are escaped; the others stay.
		{"/api/proxy/a|b%2Cc", "/api/a%7Cb%2Cc"},
		{`/api/proxy/a"b`, "/api/a%22b"},
		{"/api/proxy/é%2C", "/api/%C3%A9%2C"},
		{"/api/proxy/a#b", "/api/a%23b"},
		// Queries.
		{"/api/proxy/x?", "/api/x?"},
		{"/api/proxy/x?b=2&a=1&&b=%20+&c", "/api/x?b=2&a=1&&b=%20+&c"},
		{"/api/proxy/x?q=a%3Bb%26", "/api/x?q=a%3Bb%26"},
		{"/api/proxy/x?u=http://a/b?c='|{}é", "/api/x?u=http://a/b?c='|{}é"},
		{"/api/proxy/x?../../y=%2e%2e%2F", "/api/x?../../y=%2e%2e%2F"},
	} {
		t.Run(test.sent, func(t *testing.T) {
			c := r.raw("GET " + test.sent + " HTTP/1.1\nHost: app\nCookie: a=b\n\n")
			res, body := c.answer("GET")
			if res.StatusCode != 200 {
				t.Fatalf("got %d %s", res.StatusCode, body)
			}
			if got := api.onlyRequest(t).RequestURI; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestAmbiguousTargetsAreRefused(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	tests := []struct{ target, code string }{
		{"/api/proxy/../auth/session", "INVALID_PATH"},
		{"/api/proxy/a/./b", "INVALID_PATH"},
		{"/api/proxy/%2e%2e/x", "INVALID_PATH"},
		{"/api/proxy/.%2E/x", "INVALID_PATH"},
		{"/api/proxy/..;x=1/x", "INVALID_PATH"},
		{"/api/proxy/a/..", "INVALID_PATH"},
		{"/api/proxy/users/1%2Ftasks", "INVALID_PATH"},
		{"/api/proxy/users/1%2ftasks", "INVALID_PATH"},
		{"/api/proxy/a%5Cb", "INVALID_PATH"},
		{`/api/proxy/a\b`, "INVALID_PATH"},
		{"/api/proxy/users/1%2Ftasks|", "INVALID_PATH"},
		{"/api/proxy//x", "INVALID_PATH"},
		{"/api/proxy/a//", "INVALID_PATH"},
		{"/api/proxy/a%00", "INVALID_PATH"},
		{"/api/proxy/a%0d%0aX:y", "INVALID_PATH"},
		{"/api/proxy/a%0A", "INVALID_PATH"},
		{"/api/proxy/a%7f", "INVALID_PATH"},
		{"/api/proxy/x?a=1;b=2", "INVALID_QUERY"},
		{"/api/proxy/x?a=%", "INVALID_QUERY"},
		{"/api/proxy/x?a=%4", "INVALID_QUERY"},
		{"/api/proxy/x?%zz=1", "INVALID_QUERY"},
		{"/api/proxy/x?a=%u0041", "INVALID_QUERY"},
		{"/api/proxy/x?" + strings.Repeat("&", maxQueryParameters), "INVALID_QUERY"},
		{"/api/%70roxy/x", "NOT_FOUND"},
		{"/api/proxy", "NOT_FOUND"},
		{"/api/proxyx", "NOT_FOUND"},
	}
	for _, test := range tests {
		name := test.target
		if len(name) > 50 {
			name = "too many parameters"
		}
		t.Run(name, func(t *testing.T) {
			c := r.raw("GET " + test.target + " HTTP/1.1\nHost: app\nCookie: a=b\n\n")
			res, body := c.answer("GET")
			want := http.StatusBadRequest
			if test.code == "NOT_FOUND" {
				want = http.StatusNotFound
			}
			r.wantError(res, body, want, test.code)
			api.none(t)
		})
	}
	t.Run("an invalid escape in the path", func(t *testing.T) {
		c := r.raw("GET /api/proxy/%zz HTTP/1.1\nHost: app\nCookie: a=b\n\n")
		if res, _ := c.answer("GET"); res.StatusCode != http.StatusBadRequest { // net/http's own
			t.Errorf("got %d, want 400", res.StatusCode)
		}
		api.none(t)
	})
}

func TestTheMaximumNumberOfParametersPasses(t *testing.T) {
	t.Parallel()
	api := newRecorder()
	r := newRig(t, api)
	query := strings.Repeat("a&", maxQueryParameters-1) + "a"
	if res, body := r.get("/api/proxy/x?" + query); res.StatusCode != 200 {
		t.Fatalf("got %d %s, want 200", res.StatusCode, body)
	}
	if got := api.onlyRequest(t).URL.RawQuery; got != query {
		t.Errorf("got %d bytes of query, want %d", len(got), len(query))
	}
}

func TestRequestsGoOnlyToTheConfiguredAPI(t *testing.T) {
	t.Parallel()
	other := newRecorder()
	elsewhere := newRig(t, other)
	api := newRecorder()
	r := newRig(t, api, func(c *Config) {
		c.Backend = mustParse(t, c.Backend.String()+"/base%2Cpath/")
	})
	for name, request := range map[string]string{
		"absolute form":    "GET http://" + elsewhere.api.Host + "/api/proxy/x HTTP/1.1\nHost: " + elsewhere.api.Host + "\nCookie: a=b\n\n",
		"foreign Host":     "GET /api/proxy/x HTTP/1.1\nHost: " + elsewhere.api.Host + "\nCookie: a=b\n\n",
		"X-Forwarded-Host": "GET /api/proxy/x HTTP/1.1\nHost: app\nX-Forwarded-Host: " + elsewhere.api.Host + "\nCookie: a=b\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			if res, _ := r.raw(request).answer("GET"); res.StatusCode != 200 {
				t.Errorf("got %d, want 200", res.StatusCode)
			}
			got := api.onlyRequest(t)
			if got.Host != r.api.Host || got.RequestURI != "/base%2Cpath/api/x" {
				t.Errorf("got %s of host %s, want /base%%2Cpath/api/x of %s", got.RequestURI, got.Host, r.api.Host)
			}
			other.none(t)
		})
	}
}

func TestAnImpossibleUpstreamIsRefused(t *testing.T) {
	t.Parallel()
	for _, upstream := range []string{
		"", "localhost:8000/", "ftp://api/", "http:api/", "http:///", "http://user@api/", "http://api/?x=1", "http://api/?",
		"http://api/#x", "http://api/../x/", "http://api//x/", "http://api/x",
	} {
		if _, err := New(Config{Route: route.Route{Path: route.DefaultPath, Upstream: mustParse(t, upstream)}, Public: mustParse(t, "http://app")}); err == nil {
			t.Errorf("%q: got no error", upstream)
		}
	}
}

// FuzzQueryFault compares queryFault with url.ParseQuery.
func FuzzQueryFault(f *testing.F) {
	for _, seed := range []string{"", "a=1&b=2", "a;b", "%", "%4", "%zz", "a=%20&&=", "%%34"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := url.ParseQuery(raw)
		if got := queryFault(raw); (got != "") != (err != nil) {
			t.Errorf("%q: got %q, url.ParseQuery says %v", raw, got, err)
		}
	})
}

// FuzzRawPath checks that what rawPath returns is what url.URL sends, and that
// it means the same as the input.
func FuzzRawPath(f *testing.F) {
	for _, seed := range []string{"/", "/a%2Cb,c", "/a|b%2c", "/é", "/%61"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || u.Host != "" || u.Scheme != "" {
			t.Skip()
		}
		raw := rawPath(u)
		if got := (&url.URL{Path: u.Path, RawPath: raw}).EscapedPath(); got != raw {
			t.Errorf("%q: got %q from rawPath, %q would be sent", path, raw, got)
		}
		if got, err := url.PathUnescape(raw); err != nil || got != u.Path {
			t.Errorf("%q: %q means %q (%v), want %q", path, raw, got, err, u.Path)
		}
	})
}
