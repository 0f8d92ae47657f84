package bff

import (
	"net/url"
	"strings"
	"testing"
)

func testOrigins(t testing.TB) origins {
	t.Helper()
	base, err := url.Parse("https://bff.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return newOrigins(base, []string{"https://app.example.com:8443"})
}

func TestTargets(t *testing.T) {
	o := testOrigins(t)
	for _, target := range []string{
		"/", "/welcome", "/a/b?next=%2Fc&x=//y#top", "/?url=https://evil.example", "/caf%C3%A9",
		"https://bff.example.com", "https://bff.example.com/x?y=1", "https://app.example.com:8443/done",
	} {
		if !o.allowTarget(target) {
			t.Errorf("%q is refused, want it allowed", target)
		}
	}
	for _, target := range []string{
		"", "welcome", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/a\\b", "/a?b=\\c", "/a#\\", "/%2Fevil.example", "/%5cevil.example", "/a/%2f%2Fb",
		"https://evil.example", "https://bff.example.com.evil.example", "https://bff.example.com:444/", "http://bff.example.com", "https://app.example.com/",
		"https://bff.example.com@evil.example/", "https://user@bff.example.com/", "https://bff.example.com//evil.example", "HTTPS://bff.example.com:443",
		"javascript:alert(1)", "data:text/html,x", "https:bff.example.com", "https:/bff.example.com", " /x", "/x y", "/x\r\nSet-Cookie: a=b", "/x\ty", "/x\x00", "/x\x7f",
		"/%zz", "*", "null", "/" + strings.Repeat("x", maxTarget),
	} {
		if o.allowTarget(target) {
			t.Errorf("%q is allowed, want it refused", target)
		}
	}
}

// FuzzTarget: whatever is allowed, a browser that is on our site ends on a listed
// origin with it.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"/", "//x", "/\\x", "https://bff.example.com/x", "https://app.example.com:8443", "/a?b=//c", "https://bff.example.com@x/"} {
		f.Add(seed)
	}
	o := testOrigins(f)
	base, err := url.Parse("https://bff.example.com/api/auth/verify-email?token=x")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if !o.allowTarget(target) {
			return
		}
		// As a browser reads it (WHATWG URL): backslashes are slashes, tabs and
		// line breaks are not there.
		seen := strings.NewReplacer("\\", "/", "\t", "", "\r", "", "\n", "").Replace(strings.TrimSpace(target))
		u, err := base.Parse(seen)
		if err != nil {
			t.Fatalf("%q is allowed and cannot be parsed: %v", target, err)
		}
		if !o[u.Scheme+"://"+u.Host] {
			t.Errorf("%q is allowed and leads to %s", target, u)
		}
		if next, err := base.Parse(withQuery(target, "token", "a&b=c")); err != nil || next.Host != u.Host || next.Query().Get("token") != "a&b=c" {
			t.Errorf("%q became %v with a token, %v", target, next, err)
		}
	})
}
