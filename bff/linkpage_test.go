package bff_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page follows a link as a browser does.
func (v *visitor) page(path string) answer {
	v.t.Helper()
	v.client.CheckRedirect = useLastResponse
	return v.do("GET", path, "", "Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
}

// wantSafePage checks that a page behind a link sets no cookie, reveals its URL to nobody,
// runs nothing inline and refers only to our own paths.
func wantSafePage(t *testing.T, a answer) {
	t.Helper()
	policy := a.header.Get("Content-Security-Policy")
	if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'") {
		t.Errorf("got policy %q", policy)
	}
	if got := a.header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("got Referrer-Policy %q, want no-referrer: the token is in the URL", got)
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("got Cache-Control %q", got)
	}
	if got := cookieLine(t, a); got != "" {
		t.Errorf("got cookie %q", got)
	}
	for _, link := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(a.body, -1) {
		if !strings.HasPrefix(link[1], "/") || strings.HasPrefix(link[1], "//") {
			t.Errorf("the page refers to %q, want a path", link[1])
		}
	}
	if regexp.MustCompile(`<script(?: [^>]*)?>[^<]|<style|\son[a-z]+=|\sstyle=`).MatchString(a.body) {
		t.Errorf("got inline code in\n%s", a.body)
	}
}

// TestLinkPagesEscapeTheToken: a page shows nothing of its URL as HTML.
func TestLinkPagesEscapeTheToken(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		for _, path := range []string{
			"/api/auth/undo-email?token=" + url.QueryEscape(`"><script>alert(1)</script>`),
			"/api/auth/reset-password/" + url.PathEscape(`"><script>alert(1)<`),
		} {
			a := v.want(v.page(path), 200, "<main")
			if wantSafePage(t, a); strings.Contains(a.body, "<script>") {
				s.t.Errorf("got\n%s", a.body)
			}
		}
		if a := v.do("GET", "/api/auth/link/page.js", ""); a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/javascript") {
			s.t.Errorf("got %d %v", a.status, a.header)
		}
		if a := v.do("GET", "/api/auth/link/page.css", ""); a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/css") {
			s.t.Errorf("got %d %v", a.status, a.header)
		}
		v.want(v.do("GET", "/api/auth/link/page.html", ""), 404, "NOT_FOUND")
		if !slices.Contains(v.do("HEAD", "/api/auth/undo-email?token=x", "").header.Values("Referrer-Policy"), "no-referrer") {
			s.t.Error("the answer to HEAD has no Referrer-Policy")
		}
	})
}
