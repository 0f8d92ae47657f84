package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"vestibule/internal/quicktest"
	"vestibule/internal/waittest"
)

// The backends of docs/backend.md, run from the document's own text.

// programOf returns the program of docs/backend.md in a language, for an audience.
func programOf(t testing.TB, language, audience string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "backend.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) != 1 {
		t.Fatalf("docs/backend.md has %d programs in %s, want one", len(blocks), language)
	}
	return strings.ReplaceAll(string(blocks[0][1]), "fastapi-backend", audience)
}

// write writes a program of the document into a folder of the test.
func write(t testing.TB, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// startDocumented starts the backends of the document at free ports and returns their addresses.
// program returns the text of a backend by its language and name; the one in Go is already built.
func startDocumented(t *testing.T, goProgram string, program func(language, name string) string, env ...string) map[string]string {
	t.Helper()
	addr := freeAddrs(t, 3)
	port := func(i int) string { return addr[i][strings.LastIndex(addr[i], ":")+1:] }
	interpreter, _ := python(t, "")
	folder := t.TempDir()
	write(t, folder, "backend.py", program("python", "FastAPI"))
	start(t, interpreter, folder, env, "-m", "uvicorn", "backend:app", "--port", port(0), "--log-level", "warning")

	node, modules := express(t)
	folder = t.TempDir()
	if err := os.Symlink(modules, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	start(t, node, folder, append([]string{"PORT=" + port(1)}, env...), write(t, folder, "backend.mjs", program("js", "Express")))
	start(t, goProgram, t.TempDir(), append([]string{"PORT=" + port(2)}, env...))
	all := map[string]string{"FastAPI": "http://localhost:" + port(0), "Express": "http://localhost:" + port(1), "Go": "http://localhost:" + port(2)}
	for name, address := range all {
		waittest.Until(t, name+" answers", func() bool { return waittest.Status(address+"/api/whoami") == http.StatusUnauthorized })
	}
	return all
}

// express returns Node.js and the folder with Express and jose.
func express(t *testing.T) (node, modules string) {
	t.Helper()
	quicktest.Skip(t, "Node.js")
	modules, err := filepath.Abs(filepath.Join("backend", "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "express")); err != nil {
		t.Fatalf("Express is not installed; run e2e/install.sh: %v", err)
	}
	if node, err = exec.LookPath("node"); err != nil {
		t.Fatal(err)
	}
	return node, modules
}

// buildDocumented builds the Go program of the document, in this module in place of a module
// that requires it. The texts are its files.
func buildDocumented(t *testing.T, texts ...string) string {
	t.Helper()
	folder := t.TempDir()
	program := filepath.Join(folder, "backend")
	// In the form of a release, so that its packages are already compiled.
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	for i, text := range texts {
		build.Args = append(build.Args, write(t, folder, fmt.Sprint("file", i, ".go"), text))
	}
	build.Dir = ".."
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}
	return program
}

func TestTheBackendsOfTheDocument(t *testing.T) {
	t.Parallel()
	quicktest.Skip(t, "Python and Node.js")
	program := func(language, _ string) string { return programOf(t, language, "fastapi-backend") }
	goProgram := buildDocumented(t, program("go", "Go"))
	for _, algorithm := range []string{"HS256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			var behind atomic.Pointer[url.URL] // one BFF is enough: it is in front of one backend after the other
			switched := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(behind.Load())
				r.Out.Host = r.In.Host
			}})
			defer switched.Close()
			p := launch(t, shapes[0], "JWT_ALGORITHM="+algorithm, "BACKEND_URL="+switched.URL)
			s := newSigner(t, algorithm, p.bff+"/api/auth/jwks")
			all := startDocumented(t, goProgram, program, s.env...)

			ada, bob := newBrowser(t, p.bff), newBrowser(t, p.bff)
			ids := map[*browser]string{ada: ada.signUp("ada@example.com"), bob: bob.signUp("bob@example.com")}
			for name, address := range all {
				behind.Store(mustURL(t, address))
				for b, id := range ids {
					b.want(b.send("GET", p.bff+"/api/proxy/whoami", "", "X-User-Id", "usr_else", "Authorization", "Bearer "+s.good(t)), 200, id)
				}
				if name == "FastAPI" { // it redirects, and Vestibule follows
					ada.want(ada.send("GET", p.bff+"/api/proxy/whoami/", ""), 200, ids[ada])
					ada.want(ada.send("POST", p.bff+"/api/proxy/whoami/", "{}"), 405, "")
				}
				s.refuses(t, name, address)
			}
			s.rotates(t, all)
		})
	}
}

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
