package e2e

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vestibule/internal/quicktest"
	"vestibule/internal/testlog"
)

// The app of docs/spa.md, as a team would have it: React, built and served by Vite, with
// the official client and its hook.

// viteApp copies the app's sources into a folder of the test, which may change them.
func viteApp(t *testing.T) (folder, vite string) {
	t.Helper()
	quicktest.Skip(t, "Node.js")
	from, err := filepath.Abs("vite")
	if err != nil {
		t.Fatal(err)
	}
	vite = filepath.Join(from, "node_modules", ".bin", "vite")
	if _, err := os.Stat(vite); err != nil {
		t.Fatalf("Vite is not installed; run e2e/install.sh, or npm ci --ignore-scripts in e2e/vite: %v", err)
	}
	folder = t.TempDir()
	for _, name := range []string{"index.html", "package.json", "vite.config.js", "src/main.jsx", "src/App.jsx"} {
		source, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o700)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), source, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(from, "node_modules"), filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return folder, vite
}

// usesTheApp signs up in the app and adds a task.
func (p *tab) usesTheApp() {
	p.Helper()
	p.waits(`document.forms.length == 1`)
	for name, value := range map[string]string{"name": "Ada", "email": "ada@example.com", "password": "correct horse"} {
		p.do(chromedp.SendKeys(chromedp.CSS("[name="+name+"]"), value))
	}
	p.click("go")
	p.shows("who", "Hello Ada")
	p.click("add")
	p.waits(`(fetch("/api/proxy/me/tasks").then((r) => r.json()).then((all) => { window.tasks = all.length }), window.tasks == 1)`)
}

// waits waits until a condition in the page is true.
func (p *tab) waits(condition string) {
	p.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if p.eval("String("+condition+")") == "true" {
			return
		}
		if time.Now().After(end) {
			p.Fatalf("%s is not so", condition)
		}
	}
}

func TestAViteBuildIsServed(t *testing.T) {
	t.Parallel()
	folder, vite := viteApp(t)
	build := exec.Command(vite, "build", "--logLevel=warn")
	build.Dir = folder
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("vite build: %v\n%s", err, text)
	}
	p := launch(t, shapes[0], "WEB_DIR="+filepath.Join(folder, "dist"))
	b := newBrowser(t, p.bff)
	page := b.want(b.send("GET", p.bff+"/settings/profile", "", "Sec-Fetch-Mode", "navigate"), 200, `<div id="root">`)
	script := regexp.MustCompile(`/assets/index-[\w-]{8}\.js`).FindString(page.body)
	got := b.want(b.send("GET", p.bff+script, "", "Accept-Encoding", "gzip"), 200, "")
	if cache := got.header.Get("Cache-Control"); cache != "public, max-age=31536000, immutable" || got.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%s: got %v", script, got.header)
	}
	b.want(b.send("GET", p.bff+"/assets/index-gone1234.js", ""), 404, "NOT_FOUND")

	tab := openTab(t, chromium(t), p.bff+"/settings/profile")
	tab.usesTheApp()
	tab.quiet()
	tab.do(chromedp.Reload())
	tab.shows("who", "Hello Ada")
	tab.quiet()
}

func TestAViteDevServerIsFronted(t *testing.T) {
	t.Parallel()
	folder, vite := viteApp(t)
	addr := freeAddrs(t, 1)[0]
	host, port, _ := strings.Cut(addr, ":")
	server := exec.Command(vite, "--host", host, "--port", port, "--strictPort")
	server.Dir = folder
	log := &testlog.Buffer{}
	server.Stdout, server.Stderr = log, log
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if t.Failed() {
			t.Logf("vite:\n%s", log)
		}
	})
	p := launch(t, shapes[0], "WEB_DEV_URL=http://"+addr)
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		res, err := http.Get("http://" + addr + "/")
		if err == nil {
			_ = res.Body.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatalf("vite does not answer: %v", err)
		}
	}

	tab := openTab(t, chromium(t), p.bff+"/settings/profile")
	tab.usesTheApp()
	// A change is seen without a reload.
	tab.eval(`window.marked = "still here"`)
	path := filepath.Join(folder, "src", "App.jsx")
	source, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, bytes.Replace(source, []byte("Hello"), []byte("Welcome"), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	tab.shows("who", "Welcome Ada")
	if got := tab.eval(`window.marked ?? "reloaded"`); got != "still here" {
		t.Errorf("got %q: the page was loaded anew", got)
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for _, message := range tab.complains {
		if !strings.Contains(message.Text, "[vite]") && !strings.Contains(message.Text, "React DevTools") {
			t.Errorf("the console has %q", message)
		}
	}
}

// TestThePageShowsTheApp: docs/spa.md shows the sources of the app that is tested.
func TestThePageShowsTheApp(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "docs", "spa.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"src/App.jsx", "vite.config.js"} {
		source, err := os.ReadFile(filepath.Join("vite", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(page, source) {
			t.Errorf("docs/spa.md does not show %s", name)
		}
	}
}
