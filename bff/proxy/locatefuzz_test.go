package proxy

import (
	"net/url"
	"strings"
	"testing"

	"vestibule/bff/route"
)

// wantInside checks that a browser that follows target stays under /api/proxy/.
func wantInside(t *testing.T, ref, target string) {
	t.Helper()
	u, err := mustParse(t, "https://app.example/api/proxy/x").Parse(target)
	if err != nil {
		t.Fatalf("%q became %q: %v", ref, target, err)
	}
	if u.Scheme+"://"+u.Host != "https://app.example" || !strings.HasPrefix(u.EscapedPath(), route.DefaultPath) || !strings.HasPrefix(target, route.DefaultPath) {
		t.Errorf("%q became %q, which leads to %s", ref, target, u)
	}
	path, _, _ := strings.Cut(target, "?")
	path, _, _ = strings.Cut(path, "#")
	for segment := range strings.SplitSeq(path[1:], "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "." || plain == ".." || strings.ContainsAny(plain, "/\\\x00\r\n") {
			t.Errorf("%q became %q", ref, target)
		}
	}
	if strings.Contains(path, "//") || strings.ContainsAny(target, "\r\n\x00") {
		t.Errorf("%q became %q", ref, target)
	}
}

// FuzzLocate checks that no rewritten address leaves /api/proxy/, and that no address that
// passes unchanged shows the API's host.
func FuzzLocate(f *testing.F) {
	for _, seed := range []string{
		"http://api.internal:8000/base/api/x", "/base/api/../x", "..", "//api.internal/", `\\x`, "?a#b", "/base/api/%2e%2e/", "http:/x",
	} {
		f.Add(seed)
	}
	p, sent := located(f)
	f.Fuzz(func(t *testing.T, ref string) {
		target, kind := p.locate(sent, ref)
		switch kind {
		case proxied:
			wantInside(t, ref, target)
		case external:
			if u, err := url.Parse(ref); err != nil || strings.Contains(strings.ToLower(u.Host), "api.internal") && u.Hostname() == "api.internal" {
				t.Errorf("%q passes", ref)
			}
		default:
			if target != "" {
				t.Errorf("%q, kind %d: got %q", ref, kind, target)
			}
		}
	})
}
