package frontend

import (
	"testing"
	"testing/fstest"
)

// TestAReleaseIsKeptForever: the files of the running version are immutable. Of another one
// there is nothing: neither a file of this version under that name nor a page, and no cache
// keeps the answer. The folder of the release means nothing in a team's own build.
func TestAReleaseIsKeptForever(t *testing.T) {
	t.Parallel()
	content := map[string]string{"index.html": page, "app/0a1b/main.js": script, "app/0a1b/worker.js": "1", "client/index.js": "client"}
	embedded := fstest.MapFS{}
	for name, text := range content {
		embedded[name] = &fstest.MapFile{Data: []byte(text)}
	}
	s := serve(t, Config{Embedded: embedded, Release: "app/0a1b", Worker: "worker.js"})
	for path, want := range map[string]struct{ cache, worker string }{
		"/app/0a1b/main.js":   {forever, ""},
		"/app/0a1b/worker.js": {forever, "/"},
		"/client/index.js":    {"no-cache", ""},
		"/tasks":              {"no-cache", ""},
	} {
		g := s.want(s.do("GET", path), 200, "")
		if cache, worker := g.header.Get("Cache-Control"), g.header.Get("Service-Worker-Allowed"); cache != want.cache || worker != want.worker {
			t.Errorf("%s: got Cache-Control %q, Service-Worker-Allowed %q, want %v", path, cache, worker, want)
		}
		if g.header.Get("Content-Security-Policy") != embeddedPolicy {
			t.Errorf("%s: got policy %q", path, g.header.Get("Content-Security-Policy"))
		}
	}
	for _, path := range []string{"/app/ffff/main.js", "/app/0a1b/gone.js", "/app/main.js", "/main.js"} {
		for _, mode := range []string{"cors", "navigate"} {
			g := s.want(s.do("GET", path, "Sec-Fetch-Mode", mode), 404, "NOT_FOUND")
			if g.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: got %v", path, g.header)
			}
		}
	}
	own := serve(t, Config{Dir: folder(t, content), Embedded: embedded, Release: "app/0a1b", Worker: "worker.js"})
	g := own.want(own.do("GET", "/app/0a1b/worker.js"), 200, "1")
	if g.header.Get("Cache-Control") != "no-cache" || g.header.Get("Service-Worker-Allowed") != "" {
		t.Errorf("in a team's build: got %v", g.header)
	}
}

// TestTheTokenOfALinkIsNoReferer: the page's own requests would bring it into the log of a
// server in front.
func TestTheTokenOfALinkIsNoReferer(t *testing.T) {
	t.Parallel()
	eachSource(t, map[string]string{"index.html": page}, func(s *testServer) {
		for path, want := range map[string]string{"/reset-password?token=abc": "no-referrer", "/reset-password?error=INVALID_TOKEN": "", "/": ""} {
			if got := s.do("GET", path).header.Get("Referrer-Policy"); want != "" && got != want || want == "" && got == "no-referrer" {
				t.Errorf("%s: got Referrer-Policy %q, want %q", path, got, want)
			}
		}
	})
}
