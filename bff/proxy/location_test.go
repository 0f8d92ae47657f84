package proxy

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// located returns a proxy for http://api.internal:8000/base, and the URL to which it sends
// a request for /api/proxy/users/7/tasks?done=1.
func located(t testing.TB) (*Proxy, *url.URL) {
	t.Helper()
	p := mustNew(t, "http://api.internal:8000/base/")
	return p, targetOf(p, mustParse(t, "/api/proxy/users/7/tasks?done=1"))
}

func mustNew(t testing.TB, backend string) *Proxy {
	t.Helper()
	p, err := New(Config{Route: defaultRoute(), Backend: mustParse(t, backend), Public: mustParse(t, "https://app.example")})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLocate(t *testing.T) {
	t.Parallel()
	p, sent := located(t)
	for _, test := range []struct {
		ref  string
		kind addressKind
		want string
	}{
		{"http://api.internal:8000/base/api/tasks/5", proxied, "/api/proxy/tasks/5"},
		{"HTTP://API.Internal:8000/base/api/tasks/5", proxied, "/api/proxy/tasks/5"},
		{"http://api.internal.:8000/base/api/tasks/5", proxied, "/api/proxy/tasks/5"},
		{"http://user:password@api.internal:8000/base/api/x", proxied, "/api/proxy/x"},
		{"https://api.internal:8000/base/api/x", proxied, "/api/proxy/x"}, // X-Forwarded-Proto before its own host
		{"https://app.example/base/api/x", proxied, "/api/proxy/x"},       // X-Forwarded-Host
		{"https://app.example:443/base/api/x", proxied, "/api/proxy/x"},
		{"//api.internal:8000/base/api/x", proxied, "/api/proxy/x"},
		{"/base/api/tasks/5", proxied, "/api/proxy/tasks/5"},
		{"/base/api/", proxied, "/api/proxy/"},
		{"/base/api/a%20b%2Cc,d?q=%2F&x=a+b#part%20two", proxied, "/api/proxy/a%20b%2Cc,d?q=%2F&x=a+b#part%20two"},
		{"/base/api/a|b%2C", proxied, "/api/proxy/a%7Cb%2C"},
		{"/base/api/é", proxied, "/api/proxy/%C3%A9"},
		{"/base/api/x?", proxied, "/api/proxy/x?"},
		{"5", proxied, "/api/proxy/users/7/5"},
		{"./5", proxied, "/api/proxy/users/7/5"},
		{"../8", proxied, "/api/proxy/users/8"},
		{"../../../api/x", proxied, "/api/proxy/x"},
		{"/base/x/../api/y/./z", proxied, "/api/proxy/y/z"},
		{"tasks/", proxied, "/api/proxy/users/7/tasks/"},
		{"?done=0", proxied, "/api/proxy/users/7/tasks?done=0"},
		{"#top", proxied, "/api/proxy/users/7/tasks?done=1#top"},
		{"?next=http://evil.example/", proxied, "/api/proxy/users/7/tasks?next=http://evil.example/"},
		{"?back=a\\b", proxied, "/api/proxy/users/7/tasks?back=a\\b"},

		{"/", hidden, ""},
		{"/base/", hidden, ""},
		{"/base/api", hidden, ""},
		{"/base/apis/x", hidden, ""},
		{"/api/x", hidden, ""}, // outside the base path
		{"/docs", hidden, ""},
		{"../../../../x", hidden, ""},
		{"/base/api/../../x", hidden, ""},
		{"http://api.internal:8000/", hidden, ""},
		{"http://api.internal:9000/base/api/x", hidden, ""},
		{"http://api.internal/base/api/x", hidden, ""},
		{"ftp://api.internal:8000/base/api/x", hidden, ""},
		{"ws://api.internal:8000/base/api/x", hidden, ""},
		{"/base/api/%2e%2e/x", hidden, ""},
		{"/base/api/%2E./%2e%2e/auth", hidden, ""},
		{"/base/api/a%2Fb", hidden, ""},
		{"/base/api/a%5Cb", hidden, ""},
		{"/base/api/a%00", hidden, ""},
		{"/base/api/a%0d%0aSet-Cookie:x", hidden, ""},
		{"/base/api//evil.example/", hidden, ""},
		{"/base/api/..;/x", hidden, ""},
		{"///evil.example/", hidden, ""},

		{"http://evil.example/", external, ""},
		{"https://evil.example/base/api/x", external, ""},
		{"//evil.example/base/api/x", external, ""},
		{"http://api.internal@evil.example:8000/base/api/x", external, ""},
		{"http://api.internal.evil.example:8000/base/api/x", external, ""},
		{"http://app.example/base/api/x", external, ""}, // not the public scheme
		{"https://app.example:8443/base/api/x", external, ""},
		{"https://app.example/login", external, ""},
		{"mailto:someone@example.com", external, ""},
		{"urn:example:x", external, ""},
		{"javascript:alert(1)", external, ""},

		{"", unreadable, ""},
		{"http:base/api/x", unreadable, ""},
		{"http:/base/api/x", unreadable, ""},
		{"http:///base/api/x", unreadable, ""},
		{"ws:/api.internal:8000/", unreadable, ""},
		{`\\evil.example\`, unreadable, ""},
		{`/\evil.example`, unreadable, ""},
		{`/base/api/..\..\x`, unreadable, ""},
		{`http:\\evil.example\`, unreadable, ""},
		{`http://evil.example\@api.internal:8000/base/api/x`, unreadable, ""},
		{"/base/api/a b", unreadable, ""},
		{" /base/api/x", unreadable, ""},
		{"/base/api/%zz", unreadable, ""},
		{"http://[::1", unreadable, ""},
		{"http://api.internal:port/", unreadable, ""},
		{"/base/api/\x00", unreadable, ""},
		{"/base/api/a\r\nb", unreadable, ""},
		{":", unreadable, ""},
	} {
		t.Run(test.ref, func(t *testing.T) {
			got, kind := p.locate(sent, test.ref)
			if got != test.want || kind != test.kind {
				t.Errorf("got %q, kind %d, want %q, kind %d", got, kind, test.want, test.kind)
			}
		})
	}
}

func TestADefaultPortEqualsNoPort(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		backend, ref string
		want         addressKind
	}{
		{"http://api", "http://api:80/api/x", proxied},
		{"http://api:80", "http://api/api/x", proxied},
		{"http://api", "https://api/api/x", proxied}, // X-Forwarded-Proto
		{"https://api", "https://api:443/api/x", proxied},
		{"https://api:443", "https://api/api/x", proxied},
		{"http://api", "http://api:8080/api/x", hidden},
		{"https://api", "http://api:80/api/x", hidden},
		{"http://[::1]:8000", "http://[::1]:8000/api/x", proxied},
	} {
		p := mustNew(t, test.backend)
		if _, kind := p.locate(targetOf(p, mustParse(t, "/api/proxy/y")), test.ref); kind != test.want {
			t.Errorf("%s from %s: got kind %d, want %d", test.ref, test.backend, kind, test.want)
		}
	}
}

// answerWith is an API that answers with the status and the header lines of the query.
// It replaces API in them with its own origin.
func answerWith(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	for name, values := range q {
		for _, v := range values {
			if name != "status" {
				w.Header().Add(name, strings.ReplaceAll(v, "API", "http://"+r.Host))
			}
		}
	}
	var status int
	_, _ = fmt.Sscan(q.Get("status"), &status)
	w.WriteHeader(status)
}

// getAnswer returns what the browser gets when answerWith answers with status and header.
func (r *rig) getAnswer(status int, header url.Values) (*http.Response, string) {
	r.Helper()
	q := maps.Clone(header)
	q.Set("status", fmt.Sprint(status))
	return r.get("/api/proxy/x?" + q.Encode())
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	r := newRig(t, http.HandlerFunc(answerWith))
	for _, status := range []int{300, 301, 302, 303, 307, 308} {
		for _, test := range []struct {
			location []string
			want     string // "" for a 502
		}{
			{[]string{"API/api/new?a=1#b"}, "/api/proxy/new?a=1#b"},
			{[]string{"/api/new"}, "/api/proxy/new"},
			{[]string{"new"}, "/api/proxy/new"},
			{[]string{"API/login"}, ""},
			{[]string{"/login"}, ""},
			{[]string{"/api/%2e%2e/login"}, ""},
			{[]string{"https://evil.example/"}, ""},
			{[]string{"https://app.example/login"}, ""},
			{[]string{"//evil.example/api/x"}, ""},
			{[]string{`/\evil.example`}, ""},
			{[]string{"javascript:alert(1)"}, ""},
			{[]string{"http://[::1"}, ""},
			{[]string{""}, ""},
			{[]string{"/api/a", "/api/b"}, ""},
		} {
			res, body := r.getAnswer(status, url.Values{"Location": test.location})
			if test.want == "" {
				r.wantError(res, body, http.StatusBadGateway, "BAD_GATEWAY")
				continue
			}
			if got := res.Header["Location"]; res.StatusCode != status || !slices.Equal(got, []string{test.want}) {
				t.Errorf("%d to %q: got %d to %q, want %q", status, test.location, res.StatusCode, got, test.want)
			}
		}
	}
	r.wantLog("evil.example") // the operator must see the API's answer
}

func TestLocationsOutsideRedirects(t *testing.T) {
	t.Parallel()
	r := newRig(t, http.HandlerFunc(answerWith))
	for _, test := range []struct{ location, want string }{
		{"API/api/5", "/api/proxy/5"},
		{"/api/5", "/api/proxy/5"},
		{"API/admin", ""},
		{"/admin", ""},
		{"https://other.example/5", "https://other.example/5"},
		{"http://[::1", ""},
	} {
		for _, status := range []int{200, 201, 202, 304} {
			for _, name := range []string{"Location", "Content-Location"} {
				res, _ := r.getAnswer(status, url.Values{name: {test.location}})
				if got := res.Header.Get(name); res.StatusCode != status || got != test.want {
					t.Errorf("%d with %s %s: got %d with %q, want %q", status, name, test.location, res.StatusCode, got, test.want)
				}
			}
		}
	}
	t.Run("two Locations are dropped", func(t *testing.T) {
		if res, _ := r.getAnswer(201, url.Values{"Location": {"/api/1", "/api/2"}}); len(res.Header["Location"]) > 0 {
			t.Errorf("got %q", res.Header["Location"])
		}
	})
	t.Run("a Content-Location elsewhere does not stop a redirect", func(t *testing.T) {
		res, _ := r.getAnswer(303, url.Values{"Location": {"/api/1"}, "Content-Location": {"/admin"}})
		if res.StatusCode != 303 || res.Header.Get("Location") != "/api/proxy/1" || len(res.Header["Content-Location"]) > 0 {
			t.Errorf("got %d %v", res.StatusCode, res.Header)
		}
	})
}

// targetOf returns the API's URL for one of ours.
func targetOf(p *Proxy, u *url.URL) *url.URL {
	target := p.target(u, strings.TrimPrefix(rawPath(u), p.cfg.Path), "usr_1")
	return &target
}
