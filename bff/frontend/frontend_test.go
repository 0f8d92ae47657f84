package frontend

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilesAndPages(t *testing.T) {
	t.Parallel()
	eachSource(t, map[string]string{"index.html": page, "assets/index-BxY12_ab.js": script, "logo.png": "\x89PNG", "docs/index.html": "docs", "LICENSE": "MIT", "empty.css": "",
		"feed.xml": "<feed/>", "icon.svg": "<svg/>",
		".well-known/security.txt": "Contact", ".env": "SECRET", "assets/.map": "SECRET"}, func(s *testServer) {
		for _, tt := range []struct{ path, mediaType, cache, body string }{
			{"/", "text/html; charset=utf-8", "no-cache", page},
			{"/index.html", "text/html; charset=utf-8", "no-cache", page},
			{"/tasks/7?filter=open", "text/html; charset=utf-8", "no-cache", page},
			{"/assets/", "text/html; charset=utf-8", "no-cache", page},
			{"/assets", "text/html; charset=utf-8", "no-cache", page},
			{"/logo.png/x", "text/html; charset=utf-8", "no-cache", page},
			{"/" + strings.Repeat("a", 300), "text/html; charset=utf-8", "no-cache", page},
			{"/docs/", "text/html; charset=utf-8", "no-cache", "docs"},
			{"/assets/index-BxY12_ab.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", script},
			{"/logo.png", "image/png", "no-cache", "\x89PNG"},
			{"/LICENSE", "application/octet-stream", "no-cache", "MIT"},
			{"/empty.css", "text/css; charset=utf-8", "no-cache", ""},
			{"/feed.xml", "application/xml; charset=utf-8", "no-cache", "<feed/>"},
			{"/icon.svg", "image/svg+xml; charset=utf-8", "no-cache", "<svg/>"},
			{"/.well-known/security.txt", "text/plain; charset=utf-8", "no-cache", "Contact"},
		} {
			g := s.do("GET", tt.path)
			if g.status != 200 || g.body != tt.body || g.header.Get("Content-Type") != tt.mediaType || g.header.Get("Cache-Control") != tt.cache ||
				!strings.HasPrefix(g.header.Get("ETag"), `"`) || g.header.Get("Vary") != "Accept-Encoding" || g.header.Get("X-Content-Type-Options") != "nosniff" {
				s.Errorf("%s: got %d %.80s %v", tt.path, g.status, g.body, g.header)
			}
			head := s.do("HEAD", tt.path)
			if head.status != 200 || head.body != "" || head.header.Get("ETag") != g.header.Get("ETag") || head.header.Get("Content-Length") != g.header.Get("Content-Length") {
				s.Errorf("HEAD %s: got %d %v, want %v", tt.path, head.status, head.header, g.header)
			}
		}
		for _, path := range []string{"/missing.js", "/assets/index-old12345.js", "/.env", "/assets/.map", "/.well-known/nothing", "/.git/config", "/.well-known/"} {
			g := s.want(s.do("GET", path, "Sec-Fetch-Mode", "navigate"), 404, "NOT_FOUND")
			if g.header.Get("Cache-Control") != "no-store" || g.header.Get("ETag") != "" || g.header.Get("Content-Type") != "application/json" {
				s.Errorf("%s: got %v", path, g.header)
			}
		}
		s.want(s.do("GET", "/tasks", "Sec-Fetch-Mode", "cors"), 404, "NOT_FOUND")
		s.want(s.do("GET", "/tasks", "Accept", "application/json"), 404, "NOT_FOUND")
		for _, path := range []string{"/../x", "/%2e%2e/etc/passwd", "/a%2fb", "/a%5cb", "/a//b", "/%00", "/..%2f..%2fetc/passwd", "//etc/passwd"} {
			s.want(s.do("GET", path), 400, "INVALID_PATH")
		}
		for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"} {
			if g := s.want(s.do(method, "/"), 405, "METHOD_NOT_ALLOWED"); g.header.Get("Allow") != "GET, HEAD" {
				s.Errorf("%s: got Allow %q", method, g.header.Get("Allow"))
			}
		}
	})
}

func TestEachVersionOfAFileIsSentOnce(t *testing.T) {
	t.Parallel()
	eachSource(t, map[string]string{"index.html": page, "app.js": script}, func(s *testServer) {
		seen := map[string]bool{}
		for _, path := range []string{"/", "/app.js"} {
			for _, coding := range []string{"identity", "gzip"} {
				g := s.do("GET", path, "Accept-Encoding", coding)
				tag := g.header.Get("ETag")
				if path == "/app.js" && seen[tag] {
					s.Errorf("%s in %s: got the ETag of another encoding", path, coding)
				}
				seen[tag] = true
				for _, known := range []string{
					tag, "W/" + tag, `"x", ` + tag, "*",
					strings.TrimSuffix(tag, `"`) + `-zstd"`, strings.TrimSuffix(tag, `"`) + `--gzip"`, // as a proxy in front rewrites it
				} {
					g := s.want(s.do("GET", path, "Accept-Encoding", coding, "If-None-Match", known), 304, "")
					if g.body != "" || g.header.Get("ETag") != tag || g.header.Get("Cache-Control") != "no-cache" || g.header.Get("Content-Security-Policy") == "" || g.header.Get("Content-Encoding") != "" {
						s.Errorf("%s: got %q %v", path, g.body, g.header)
					}
				}
				s.want(s.do("GET", path, "Accept-Encoding", coding, "If-None-Match", `"another"`), 200, "")
			}
		}
		g := s.want(s.do("GET", "/app.js", "If-Match", `"another"`), 412, "PRECONDITION_FAILED")
		if part, ok := g.header["Content-Range"]; ok {
			s.Errorf("got Content-Range %q although no part was requested", part)
		}
		if g.header.Get("Cache-Control") != "no-store" {
			s.Errorf("got %v", g.header)
		}
	})
}

func TestPartsOfFiles(t *testing.T) {
	t.Parallel()
	eachSource(t, map[string]string{"index.html": page, "app.js": script}, func(s *testServer) {
		whole := s.do("GET", "/app.js")
		g := s.want(s.do("GET", "/app.js", "Range", "bytes=8-10", "Accept-Encoding", "gzip"), 206, "log")
		if g.header.Get("Content-Encoding") != "" || g.header.Get("ETag") != whole.header.Get("ETag") {
			s.Errorf("got %v, want a part of the uncompressed file", g.header)
		}
		s.want(s.do("GET", "/app.js", "Range", "bytes=8-10", "If-Range", `"another"`), 200, script)
		parts := func(n int) string { return "bytes=" + strings.TrimSuffix(strings.Repeat("8-10,", n), ",") }
		g = s.want(s.do("GET", "/app.js", "Range", parts(maxParts)), 206, "log")
		if !strings.HasPrefix(g.header.Get("Content-Type"), "multipart/byteranges") {
			s.Errorf("got %v, want parts", g.header)
		}
		s.want(s.do("GET", "/app.js", "Range", parts(maxParts+1)), 200, script)
		g = s.want(s.do("GET", "/app.js", "Range", "bytes=99999-"), 416, "RANGE_NOT_SATISFIABLE")
		if g.header.Get("Content-Range") != "bytes */4000" {
			s.Errorf("got %v", g.header)
		}
	})
}

func TestTextIsCompressed(t *testing.T) {
	t.Parallel()
	eachSource(t, map[string]string{"index.html": page, "app.js": script, "small.js": "1", "photo.png": script}, func(s *testServer) {
		g := s.do("GET", "/app.js", "Accept-Encoding", "gzip, deflate, br")
		if g.header.Get("Content-Encoding") != "gzip" || len(g.body) > len(script)/2 {
			s.Fatalf("got %d bytes, %v", len(g.body), g.header)
		}
		if text := unzip(s.T, g.body); text != script {
			s.Errorf("got %.80s", text)
		}
		for _, tt := range []struct{ path, accept string }{{"/app.js", "br"}, {"/app.js", "gzip;q=0"}, {"/small.js", "gzip"}, {"/photo.png", "gzip"}} {
			if g := s.do("GET", tt.path, "Accept-Encoding", tt.accept); g.header.Get("Content-Encoding") != "" {
				s.Errorf("%s for %s: got %v", tt.path, tt.accept, g.header)
			}
		}
	})
}

func unzip(t *testing.T, body string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCompressedFilesOfTheBuildAreServed(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte("made by the build"))
	_ = z.Close()
	s := serve(t, Config{Dir: folder(t, map[string]string{
		"index.html": "<script>1</script>", "index.html.br": "br page", "index.html.gz": zipped.String(),
		"a.js": script, "a.js.br": "brotli", "b.js.br": "orphan",
	})})
	for _, tt := range []struct{ path, accept, coding, body string }{
		{"/a.js", "gzip, br", "br", "brotli"},
		{"/a.js", "br;q=0.1", "br", "brotli"},
		{"/a.js", "br;q=0", "", script},
		{"/", "br", "br", "br page"},
		{"/tasks", "br", "br", "br page"},
		{"/", "gzip", "gzip", zipped.String()},
		{"/", "identity", "", "<script>1</script>"},
	} {
		g := s.do("GET", tt.path, "Accept-Encoding", tt.accept)
		if g.status != 200 || g.header.Get("Content-Encoding") != tt.coding || g.body != tt.body {
			t.Errorf("%s for %s: got %d %.80q in %q, want %.80q in %q", tt.path, tt.accept, g.status, g.body, g.header.Get("Content-Encoding"), tt.body, tt.coding)
		}
		want := "text/javascript; charset=utf-8"
		if tt.path != "/a.js" {
			want = "text/html; charset=utf-8"
			sum := sha256.Sum256([]byte("1"))
			if csp := g.header.Get("Content-Security-Policy"); !strings.Contains(csp, base64.StdEncoding.EncodeToString(sum[:])) {
				t.Errorf("%s for %s: got policy %q, want that of the page", tt.path, tt.accept, csp)
			}
		}
		if got := g.header.Get("Content-Type"); got != want {
			t.Errorf("%s for %s: got %q, want %q", tt.path, tt.accept, got, want)
		}
	}
	s.want(s.do("GET", "/b.js", "Accept-Encoding", "br"), 404, "")
}

func TestAFolderWithoutAPageIsRefused(t *testing.T) {
	t.Parallel()
	for want, prepare := range map[string]func(dir string) error{
		"":                   func(dir string) error { return os.WriteFile(filepath.Join(dir, index), []byte("<p>"), 0o600) },
		"no index.html":      func(string) error { return nil },
		"that is not a file": func(dir string) error { return os.Mkdir(filepath.Join(dir, index), 0o700) },
	} {
		dir := t.TempDir()
		if err := prepare(dir); err != nil {
			t.Fatal(err)
		}
		if err := CheckFolder(dir); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := CheckFolder(filepath.Join(t.TempDir(), "nowhere")); err == nil || err.Error() != "does not exist" {
		t.Errorf("got %v, want that it does not exist", err)
	}
}
