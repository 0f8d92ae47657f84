package frontend

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestExportsAreServed requests pages and files of the builds in testdata/exports as browsers
// and the tools' routers do.
func TestExportsAreServed(t *testing.T) {
	t.Parallel()
	const forever, asked, never = "public, max-age=31536000, immutable", "no-cache", "no-store"
	for export, requests := range map[string][]struct {
		path   string
		status int
		cache  string
		body   string // a part of it, or the target of a redirect
	}{
		"next": {
			{"/", 200, asked, "<title>Home"},
			{"/about", 200, asked, "<title>About"},
			{"/about.html", 200, asked, "<title>About"},
			{"/about/", 308, never, "/about"}, // the folder has no page
			{"/about?q=a%20b", 200, asked, "<title>About"},
			{"/about/?q=a%20b", 308, never, "/about?q=a%20b"},
			{"/about.txt?_rsc=1x2y3", 200, asked, `1:"about"`},
			{"/about/__next._tree.txt", 200, asked, "0:{"},
			{"/blog", 200, asked, "<title>Blog"},
			{"/blog/first", 200, asked, "<title>First"},
			{"/blog/first/", 308, never, "/blog/first"},
			{"/blog/second", 404, never, "<title>404"},
			{"/blog/second.html", 404, never, "<title>404"},
			{"/nowhere/", 404, never, "<title>404"},
			{"/404", 404, never, "<title>404"},
			{"/404.html", 404, never, "<title>404"},
			{"/blog/second.txt", 404, never, "NOT_FOUND"},
			{"/_next/static/chunks/main-4f3a9c12.js", 200, forever, "next"},
			{"/_next/static/Xk2b7/_buildManifest.js", 200, forever, "MANIFEST"},
			{"/_next/static/chunks/gone-00000000.js", 404, never, "NOT_FOUND"},
			{"/assets/logo.svg", 200, asked, "<svg"},
			{"/favicon.ico", 404, never, "NOT_FOUND"},
		},
		"next-slash": {
			{"/", 200, asked, "<title>Home"},
			{"/about/", 200, asked, "<title>About"},
			{"/about", 308, never, "/about/"},
			{"/about?q=1", 308, never, "/about/?q=1"},
			{"/about/index.txt?_rsc=1x2y3", 200, asked, `1:"about"`},
			{"/nowhere/", 404, never, "<title>404"},
			{"/404", 404, never, "<title>404"},
		},
		"astro": {
			{"/about/", 200, asked, "<title>About"},
			{"/about", 308, never, "/about/"},
			{"/about/photo.svg", 200, asked, "<svg"},
			{"/docs/v1.2", 308, never, "/docs/v1.2/"},
			{"/docs/v1.2/", 200, asked, "<title>Version 1.2"},
			{"/docs", 404, never, "<title>Not found"},
			{"/_astro/index.D3x1aQ9z.css", 200, forever, "margin"},
			{"/robots.txt", 200, asked, "User-agent"},
		},
		"svelte": {
			{"/", 200, asked, "<title>Home"},
			{"/about", 200, asked, "<title>About"},
			{"/about/", 308, never, "/about"},
			{"/about/__data.json", 200, asked, "data"},
			{"/items/7", 200, asked, "<title>Router"},
			{"/items/7/__data.json", 404, never, "NOT_FOUND"},
			{"/_app/immutable/entry/start.BxY12_ab.js", 200, forever, "svelte"},
			{"/_app/version.json", 200, asked, "version"},
		},
	} {
		t.Run(export, func(t *testing.T) {
			s := serve(t, Config{Dir: filepath.Join("testdata", "exports", export)})
			for _, tt := range requests {
				g := s.do("GET", tt.path, "Sec-Fetch-Mode", "navigate")
				text := g.body
				if g.status == http.StatusPermanentRedirect {
					text = g.header.Get("Location")
				}
				if g.status != tt.status || g.header.Get("Cache-Control") != tt.cache || !strings.Contains(text, tt.body) || tt.status == 308 && text != tt.body {
					t.Errorf("%s: got %d %.100s %v, want %d %s %s", tt.path, g.status, g.body, g.header, tt.status, tt.cache, tt.body)
				}
				head := s.do("HEAD", tt.path, "Sec-Fetch-Mode", "navigate")
				if head.status != g.status || head.body != "" || head.header.Get("ETag") != g.header.Get("ETag") || head.header.Get("Location") != g.header.Get("Location") {
					t.Errorf("HEAD %s: got %d %v, want %v", tt.path, head.status, head.header, g.header)
				}
			}
		})
	}
}

// TestEachPageOfAnExportHasItsOwnPolicy: with the hashes of its own scripts.
func TestEachPageOfAnExportHasItsOwnPolicy(t *testing.T) {
	t.Parallel()
	s := serve(t, Config{Dir: filepath.Join("testdata", "exports", "next")})
	for path, script := range map[string]string{"/": "home", "/about": "about", "/blog/first": "first", "/nowhere": "404"} {
		sum := sha256.Sum256([]byte(`self.__next_f.push([1,"` + script + `"])`))
		policy := s.do("GET", path).header.Get("Content-Security-Policy")
		if !strings.Contains(policy, base64.StdEncoding.EncodeToString(sum[:])) || strings.Count(policy, "sha256-") != 1 {
			t.Errorf("%s: got %s", path, policy)
		}
	}
}

// TestAPageWithoutItsEndingIsAFileLikeOthers: it has an ETag, encodings and parts. A router that
// fetches pages (Astro's) gets it too.
func TestAPageWithoutItsEndingIsAFileLikeOthers(t *testing.T) {
	t.Parallel()
	s := serve(t, Config{Dir: filepath.Join("testdata", "exports", "svelte")})
	g := s.want(s.do("GET", "/about", "Sec-Fetch-Mode", "cors", "Accept", "*/*"), 200, "<title>About")
	s.want(s.do("GET", "/about", "If-None-Match", g.header.Get("ETag")), 304, "")
	s.want(s.do("GET", "/about", "If-Match", `"another"`), 412, "PRECONDITION_FAILED")
	s.want(s.do("GET", "/about", "Range", "bytes=0-8"), 206, "<!doctype")
	if g := s.want(s.do("GET", "/about", "Accept-Encoding", "br"), 200, "about in brotli"); g.header.Get("Content-Encoding") != "br" || g.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("got %v", g.header)
	}
}
