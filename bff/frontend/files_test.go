package frontend

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"vestibule/internal/web"
)

func plainError(w http.ResponseWriter, _ *http.Request, e *web.Error) {
	_ = web.WriteJSON(w, e.Status, map[string]string{"code": e.Code, "message": e.Message})
}

// testServer is an app on a socket.
type testServer struct {
	*testing.T
	url string
}

func serve(t *testing.T, cfg Config) *testServer {
	t.Helper()
	cfg.Errors = plainError
	s := &testServer{T: t}
	server := httptest.NewUnstartedServer(nil)
	s.url = "http://" + server.Listener.Addr().String()
	cfg.Origin = s.url
	app, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = web.SecurityHeaders{CSP: web.APIPolicy}.Wrap(web.NoStore(web.Handle(app.Serve, plainError)))
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// folder writes files into a new folder.
func folder(t *testing.T, content map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range content {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

type got struct {
	status int
	header http.Header
	body   string
}

// do sends a request. Accept-Encoding is set, so Go's client does not add its own.
func (s *testServer) do(method, path string, header ...string) got {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatal(err)
	}
	return got{res.StatusCode, res.Header, string(body)}
}

func (s *testServer) want(g got, status int, part string) got {
	s.Helper()
	if g.status != status || !strings.Contains(g.body, part) {
		s.Fatalf("got %d %.200s, want %d with %q", g.status, g.body, status, part)
	}
	return g
}

var (
	page   = "<!doctype html><script type=module src=/assets/index-BxY12_ab.js></script>"
	script = strings.Repeat("console.log('a script of some length');\n", 100)
)

// eachSource runs a test with embedded files and with the same files in a folder.
func eachSource(t *testing.T, content map[string]string, test func(*testServer)) {
	embedded := fstest.MapFS{}
	for name, text := range content {
		embedded[name] = &fstest.MapFile{Data: []byte(text)}
	}
	t.Run("embedded", func(t *testing.T) { test(serve(t, Config{Embedded: embedded})) })
	t.Run("in a folder", func(t *testing.T) { test(serve(t, Config{Dir: folder(t, content)})) })
}

func TestADeployTakesEffectImmediately(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir := filepath.Join(parent, "dist")
	write(t, filepath.Join(dir, "index.html"), "<!-- index-aaaaaaa1.js -->")
	write(t, filepath.Join(dir, "app.js"), "first")
	s := serve(t, Config{Dir: dir})
	first := s.want(s.do("GET", "/"), 200, "aaaaaaa1")
	s.want(s.do("GET", "/app.js"), 200, "first")

	// The size and the time stay the same, as with a reproducible build.
	then := time.Unix(1, 0)
	for _, text := range []string{"<!-- index-bbbbbbb2.js -->", "<!-- index-ccccccc3.js -->"} {
		write(t, filepath.Join(dir, "index.html"), text)
		if err := os.Chtimes(filepath.Join(dir, "index.html"), then, then); err != nil {
			t.Fatal(err)
		}
		s.want(s.do("GET", "/", "If-None-Match", first.header.Get("ETag")), 200, text)
	}
	write(t, filepath.Join(dir, "app.js"), "second")
	s.want(s.do("GET", "/app.js"), 200, "second")

	// The folder is replaced.
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	g := s.want(s.do("GET", "/"), 503, "APP_UNAVAILABLE")
	if g.header.Get("Retry-After") == "" || strings.Contains(g.body, parent) {
		t.Errorf("got %v %s", g.header, g.body)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s.want(s.do("GET", "/"), 503, "APP_UNAVAILABLE")
	write(t, filepath.Join(dir, "index.html"), "third")
	s.want(s.do("GET", "/"), 200, "third")
	s.want(s.do("GET", "/app.js"), 404, "")

	// Two releases, and a symbolic link to the current one.
	link := filepath.Join(parent, "current")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	s = serve(t, Config{Dir: link})
	s.want(s.do("GET", "/"), 200, "third")
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir+".old", link); err != nil {
		t.Fatal(err)
	}
	s.want(s.do("GET", "/"), 200, "ccccccc3")
}

func TestNothingOutsideTheFolderIsServed(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret.js")
	write(t, secret, "SECRET")
	dir := folder(t, map[string]string{"index.html": page, "real.js": "real", "sub/x.js": "x", "locked.js": "SECRET"})
	for name, target := range map[string]string{
		"out.js": secret, "out": filepath.Dir(secret), "up.js": "../" + filepath.Base(filepath.Dir(secret)) + "/secret.js", "loop.js": "loop.js",
		"in.js": "real.js", "inside": "sub", "dangling.js": "nothing.js", "real.js.br": secret, "page": secret,
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.js"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{Dir: dir})
	for _, path := range []string{"/out.js", "/out/secret.js", "/up.js", "/loop.js", "/dangling.js", "/pipe.js", "/page"} {
		s.want(s.do("GET", path), 404, "NOT_FOUND")
	}
	s.want(s.do("GET", "/in.js"), 200, "real")
	s.want(s.do("GET", "/inside/x.js"), 200, "x")
	s.want(s.do("GET", "/real.js", "Accept-Encoding", "br"), 200, "real")
}

func TestALargeFileIsNotCached(t *testing.T) {
	t.Parallel()
	film := strings.Repeat("0123456789abcdef", maxCachedFile/16+1)
	s := serve(t, Config{Dir: folder(t, map[string]string{"index.html": page, "film.mp4": film, "film.mp4.gz": film, "data.json": film})})
	for range 2 {
		g := s.want(s.do("GET", "/film.mp4"), 200, "")
		if g.body != film {
			t.Errorf("got %d bytes, want %d", len(g.body), len(film))
		}
		s.want(s.do("GET", "/film.mp4", "If-None-Match", g.header.Get("ETag")), 304, "")
		if part := s.want(s.do("GET", "/film.mp4", "Range", "bytes=16-31"), 206, ""); part.body != film[16:32] {
			t.Errorf("got %q", part.body)
		}
		if g := s.do("GET", "/film.mp4", "Accept-Encoding", "gzip"); g.header.Get("Content-Encoding") != "gzip" || g.body != film {
			t.Errorf("got %d bytes, %v", len(g.body), g.header)
		}
		if g := s.do("GET", "/data.json", "Accept-Encoding", "gzip"); g.header.Get("Content-Encoding") != "" || g.body != film {
			t.Errorf("got %d bytes, %v", len(g.body), g.header)
		}
	}
}

func TestTheCacheOfFilesIsBounded(t *testing.T) {
	t.Parallel()
	files, err := newFiles(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	one := strings.Repeat("x", maxCachedFile)
	for i := range 40 {
		files.store(strings.Repeat("a", i+1), &asset{body: []byte(one)})
		files.store("again", &asset{body: []byte(one)})
	}
	held := 0
	for _, a := range files.cache.Values() {
		held += a.size()
	}
	if held > maxCache || held+files.free != maxCache || files.cache.Len() < 2 {
		t.Errorf("got %d bytes in %d files, and %d free, of %d", held, files.cache.Len(), files.free, maxCache)
	}
}
