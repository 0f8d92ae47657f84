package frontend

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestThePageForUnknownPaths(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files      []string
		status     int
		body, root string
	}{
		"a single-page app":                 {[]string{"index.html"}, 200, "index.html", "index.html"},
		"a site":                            {[]string{"index.html", "404.html"}, 404, "404.html", "index.html"},
		"a site with a router":              {[]string{"index.html", "200.html", "404.html"}, 200, "200.html", "index.html"},
		"a router only":                     {[]string{"200.html"}, 200, "200.html", "200.html"},
		"a site that is not complete":       {[]string{"404.html", "about.html"}, 503, "APP_UNAVAILABLE", "APP_UNAVAILABLE"},
		"a build that has not been written": {nil, 503, "APP_UNAVAILABLE", "APP_UNAVAILABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			content := map[string]string{}
			for _, file := range tt.files {
				content[file] = file
			}
			dir := folder(t, content)
			s := serve(t, Config{Dir: dir})
			hasRoot := strings.HasSuffix(tt.root, ".html")
			if err := CheckFolder(dir); (err == nil) != hasRoot {
				t.Errorf("CheckFolder: got %v", err)
			}
			for _, path := range []string{"/nowhere", "/nowhere/", "/no/where"} {
				s.want(s.do("GET", path), tt.status, tt.body)
			}
			s.want(s.do("GET", "/"), map[bool]int{true: 200, false: 503}[hasRoot], tt.root)
			// A script is not a page.
			s.want(s.do("GET", "/nowhere.js"), 404, "NOT_FOUND")
			s.want(s.do("GET", "/.env"), 404, "NOT_FOUND")
		})
	}
}

// TestConditionsDoNotApplyToThePageForUnknownPaths: a 304, 206 or 412 would say that there is
// such a page.
func TestConditionsDoNotApplyToThePageForUnknownPaths(t *testing.T) {
	t.Parallel()
	long := "<title>Not found</title>" + strings.Repeat("<p>a text of some length</p>", 100)
	s := serve(t, Config{Dir: folder(t, map[string]string{"index.html": page, "404.html": long})})
	for _, header := range [][]string{{"If-None-Match", "*"}, {"If-Match", `"another"`}, {"Range", "bytes=0-4"}, {"If-Modified-Since", "Mon, 30 Nov 2099 00:00:00 GMT"}} {
		g := s.want(s.do("GET", "/nowhere", header...), 404, "")
		if g.body != long || g.header.Get("ETag") != "" || g.header.Get("Accept-Ranges") != "" || g.header.Get("Content-Range") != "" || g.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %.80s %v", header[0], g.body, g.header)
		}
	}
	g := s.want(s.do("GET", "/nowhere", "Accept-Encoding", "gzip"), 404, "")
	if g.header.Get("Content-Encoding") != "gzip" || g.header.Get("Vary") != "Accept-Encoding" || unzip(t, g.body) != long {
		t.Errorf("got %v", g.header)
	}
	g = s.want(s.do("HEAD", "/nowhere"), 404, "")
	if g.body != "" || g.header.Get("Content-Length") != strconv.Itoa(len(long)) || g.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("HEAD: got %s %v", g.body, g.header)
	}
}

// TestAPageHasOnePath: the other spelling is redirected to it, as the client has written it.
func TestAPageHasOnePath(t *testing.T) {
	t.Parallel()
	s := serve(t, Config{Dir: folder(t, map[string]string{
		"index.html": page, "ü ö/index.html": "umlauts", "100%.html": "percent", "what?.html": "question", "a&b/index.html": "and",
		"evil.example/index.html": "evil", "node.js/index.html": "a name like a script's", "both.html": "page", "both/index.html": "folder",
		"file": "a file", "file.html": "a page beside it", ".well-known/x.html": "x",
	})})
	for _, tt := range []struct {
		path string
		want string // the body, or the target of a redirect
	}{
		{"/%C3%BC%20%C3%B6", "/%C3%BC%20%C3%B6/"},
		{"/%C3%BC%20%C3%B6/", "umlauts"},
		{"/%c3%bc%20%c3%b6?q=%41", "/%c3%bc%20%c3%b6/?q=%41"},
		{"/100%25", "percent"},
		{"/100%25/", "/100%25"},
		{"/what%3F", "question"},
		{"/what%3F/", "/what%3F"},
		{"/a&b", "/a&b/"},
		{"/evil.example", "/evil.example/"},
		{"/node.js", "/node.js/"},
		{"/both", "page"},
		{"/both/", "folder"},
		{"/file", "a file"},
		{"/Both", page},
		{"/index", page},
		{"/index/", "/index"},
	} {
		g := s.do("GET", tt.path)
		if to := g.header.Get("Location"); to != "" {
			if g.status != http.StatusPermanentRedirect || to != tt.want || g.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: got %d to %s, want %s", tt.path, g.status, to, tt.want)
			}
			continue
		}
		s.want(g, 200, tt.want)
	}
	s.want(s.do("GET", "/.well-known/x", "Sec-Fetch-Mode", "navigate"), 404, "NOT_FOUND")
	for _, path := range []string{"//evil.example", "/%2Fevil.example", "/\\evil.example", "/%5Cevil.example/", "/./evil.example", "/evil.example/%2e"} {
		s.want(s.do("GET", path), 400, "INVALID_PATH")
	}
}

func TestADeployMayChangeTheFormOfAPage(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"index.html": page, "about.html": "about"})
	s := serve(t, Config{Dir: dir})
	s.want(s.do("GET", "/about"), 200, "about")
	s.want(s.do("GET", "/about/"), 308, "")
	if err := os.Remove(filepath.Join(dir, "about.html")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "about", "index.html"), "about, again")
	s.want(s.do("GET", "/about/"), 200, "about, again")
	s.want(s.do("GET", "/about"), 308, "")
}

// TestPagesThatLeadOutOfTheFolderAreNotServed, and do not make it look for the next one.
func TestPagesThatLeadOutOfTheFolderAreNotServed(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret.html")
	write(t, secret, "SECRET")
	dir := folder(t, map[string]string{"index.html": page, "folder/x.js": "x"})
	for name, target := range map[string]string{
		"page.html": secret, "folder/index.html": secret, "other": filepath.Dir(secret), "404.html": secret, "loop.html": "loop.html", "inside.html": "index.html",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, Config{Dir: dir})
	for _, path := range []string{"/page", "/page/", "/folder", "/folder/", "/other/secret", "/other/secret/", "/loop", "/loop/", "/nowhere"} {
		s.want(s.do("GET", path), 404, "NOT_FOUND")
	}
	s.want(s.do("GET", "/inside"), 200, page)
}

// TestProbesGetNoPage: a 200 would tell a monitor that all is well. A person who opens such a
// path gets the app, which may have a page there.
func TestProbesGetNoPage(t *testing.T) {
	t.Parallel()
	eachSource(t, map[string]string{"index.html": page}, func(s *testServer) {
		for _, path := range []string{
			"/metrics", "/health", "/health/live", "/health/", "/healthcheck", "/healthz", "/healthz?verbose", "/livez", "/readyz", "/ping", "/actuator/prometheus",
		} {
			for _, header := range [][]string{
				nil, {"Accept", "*/*"}, {"Accept", "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"},
				{"Accept", "text/html;q=0,*/*"}, {"Sec-Fetch-Mode", "cors", "Accept", "text/html"},
			} {
				s.want(s.do("GET", path, header...), 404, "NOT_FOUND")
			}
			if g := s.do("HEAD", path); g.status != 404 {
				s.Errorf("HEAD %s: got %d", path, g.status)
			}
			s.want(s.do("GET", path, "Sec-Fetch-Mode", "navigate"), 200, page)
			s.want(s.do("GET", path, "Accept", "text/html,application/xhtml+xml,*/*;q=0.8"), 200, page)
		}
		for _, path := range []string{
			"/favicon.ico", "/robots.txt", "/sitemap.xml", "/ads.txt", "/apple-touch-icon.png", "/apple-touch-icon-120x120-precomposed.png", "/site.webmanifest",
			"/metrics.json", "/.well-known/security.txt", "/.well-known/change-password", "/.well-known/", "/.well-known/appspecific/com.chrome.devtools.json",
		} {
			s.want(s.do("GET", path), 404, "NOT_FOUND")
			s.want(s.do("GET", path, "Sec-Fetch-Mode", "navigate"), 404, "NOT_FOUND")
		}
		s.want(s.do("GET", "/healthy"), 200, page)
		s.want(s.do("GET", "/my/metrics"), 200, page)
	})
	s := serve(t, Config{Dir: folder(t, map[string]string{"index.html": page, "404.html": "not here", "health.html": "a page", "metrics/index.html": "charts"})})
	s.want(s.do("GET", "/health"), 200, "a page")
	s.want(s.do("GET", "/metrics/"), 200, "charts")
	s.want(s.do("GET", "/ping"), 404, "NOT_FOUND")
}
