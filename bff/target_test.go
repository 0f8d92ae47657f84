package bff

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"vestibule/internal/web"
)

const testOrigin = "https://bff.example.com"

func testOrigins(t testing.TB) origins {
	t.Helper()
	base, err := url.Parse(testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	return newOrigins(base, []string{"https://app.example.com:8443"})
}

func TestTargets(t *testing.T) {
	t.Parallel()
	o := testOrigins(t)
	for _, target := range []string{
		"/", "/welcome", "/a/b?next=%2Fc&x=//y#top", "/?url=https://evil.example", "/caf%C3%A9",
		"https://bff.example.com", "https://bff.example.com/x?y=1", "https://app.example.com:8443/done",
		"/apis", "/api-keys", "/docs/api/x", "/a.b/..c", "/sale/50%25", "/x?to=/api/x#/api/y", "https://bff.example.com?/api/", "https://app.example.com:8443/api/x/../y",
	} {
		if !o.allowTarget(testOrigin, target) {
			t.Errorf("%q is refused, want it allowed", target)
		}
	}
	for _, target := range []string{
		"", "welcome", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/a\\b", "/a?b=\\c", "/a#\\", "/%2Fevil.example", "/%5cevil.example", "/a/%2f%2Fb",
		"https://evil.example", "https://bff.example.com.evil.example", "https://bff.example.com:444/", "http://bff.example.com", "https://app.example.com/",
		"https://bff.example.com@evil.example/", "https://user@bff.example.com/", "https://bff.example.com//evil.example", "HTTPS://bff.example.com:443",
		"javascript:alert(1)", "data:text/html,x", "https:bff.example.com", "https:/bff.example.com", " /x", "/x y", "/x\r\nSet-Cookie: a=b", "/x\ty", "/x\x00", "/x\x7f",
		"/api", "/api/", "/api/auth/verify-email?token=x", "/api?x", "/api#x", "/API/x", "/%61pi/x", "/ap%69", "/%2561pi/x", "/%25252561pi/x", "/%252525252561pi/x",
		"/./api/x", "/x/../api/x", "/x/%2e%2e/api/x", "/x/.%2E/api/x", "/x/%252e%252e/api/x", "/x/..;/api/x", "/api;v=1/x", "/;/api/x", "/%252fapi/x", "/api./x", "/api%20/x", "/%25zz/%252e%252e/api/x", "/%25zz/..%252f/api/x",
		"https://bff.example.com/api/x", "https://bff.example.com/x/../api/x", "https://bff.example.com/%61PI/x", "https://bff.example.com/./api",
		"/%zz", "*", "null", "/" + strings.Repeat("x", maxTarget),
	} {
		if o.allowTarget(testOrigin, target) {
			t.Errorf("%q is allowed, want it refused", target)
		}
	}
}

// FuzzTarget: every allowed target leads a browser on our site to a listed origin.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"/%61pi/x", "/x/%2e%2E/api", "/;/api", "https://bff.example.com/x/../api", "https://app.example.com:8443/api", "/", "//x", "/\\x", "https://bff.example.com/x", "https://app.example.com:8443", "/a?b=//c", "https://bff.example.com@x/"} {
		f.Add(seed)
	}
	o := testOrigins(f)
	base, err := url.Parse("https://bff.example.com/api/auth/verify-email?token=x")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if !o.allowTarget(testOrigin, target) {
			return
		}
		// A browser parses it by the WHATWG URL standard: backslashes count as slashes, tabs and
		// line breaks are removed.
		seen := strings.NewReplacer("\\", "/", "\t", "", "\r", "", "\n", "").Replace(strings.TrimSpace(target))
		u, err := base.Parse(seen)
		if err != nil {
			t.Fatalf("%q is allowed and cannot be parsed: %v", target, err)
		}
		if !o[u.Scheme+"://"+u.Host] {
			t.Errorf("%q is allowed and leads to %s", target, u)
		}
		if u.Scheme+"://"+u.Host == testOrigin {
			noAPI(t, target, u.EscapedPath())
		}
		if next, err := base.Parse(withQuery(target, "token", "a&b=c")); err != nil || next.Host != u.Host || next.Query().Get("token") != "a&b=c" {
			t.Errorf("%q became %v with a token, %v", target, next, err)
		}
	})
}

// noAPI checks that a server never finds /api/ in the path, even if it unescapes the path
// repeatedly, resolves dot segments and removes path parameters.
func noAPI(t *testing.T, target, seen string) {
	t.Helper()
	for {
		var bare []string
		for segment := range strings.SplitSeq(seen, "/") {
			name, _, _ := strings.Cut(segment, ";")
			bare = append(bare, name)
		}
		for _, p := range []string{seen, strings.Join(bare, "/")} {
			if p = strings.ToLower(path.Clean("/" + p)); p == "/api" || strings.HasPrefix(p, "/api/") {
				t.Errorf("%q is allowed and leads to %s", target, p)
			}
		}
		plain := web.Unescape(seen)
		if plain == seen {
			return
		}
		seen = plain
	}
}
