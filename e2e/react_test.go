package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vestibule/internal/quicktest"
)

// chromium returns a new profile in the browser that all tests share.
func chromium(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browsers.get(t, ""), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func startChromium(t testing.TB, _ string) context.Context {
	t.Helper()
	quicktest.Skip(t, "Chromium")
	// The same engine without the windows and menus around it, which take a third of the time.
	path, err := exec.LookPath("chromium-headless-shell")
	if err != nil {
		t.Fatal("Chromium's headless shell is not installed; run e2e/install.sh, or on Debian: apt-get install chromium-headless-shell")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox,
		chromedp.WindowSize(900, 600), chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("disable-features", "Translate"),
	}
	for _, flag := range []string{
		"disable-dev-shm-usage",
		// The browser does nothing of its own.
		"no-first-run", "disable-background-networking", "disable-component-update", "disable-default-apps", "disable-extensions", "disable-sync",
		// A page that another one covers has its timers and its priority, too.
		"disable-background-timer-throttling", "disable-backgrounding-occluded-windows", "disable-renderer-backgrounding",
		"force-prefers-reduced-motion", // each frame is drawn without a GPU; what is about motion asks for it (moves)
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() { // closes the browser, and with it the profile's files
		_ = chromedp.Cancel(ctx)
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

// tab is a page in the browser, with the messages of its console.
type tab struct {
	*testing.T
	ctx context.Context

	mu        sync.Mutex
	complains []chromedp.ConsoleMessage
}

// openTab opens a page in the tab of ctx.
func openTab(t *testing.T, ctx context.Context, url string) *tab {
	t.Helper()
	p := blankTab(t, ctx)
	p.do(chromedp.Navigate(url))
	return p
}

// blankTab is a tab without a page.
func blankTab(t *testing.T, ctx context.Context) *tab {
	t.Helper()
	p := &tab{T: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return // the tab is closed
			}
			p.mu.Lock()
			p.complains = append(p.complains, m)
			p.mu.Unlock()
		}
	}()
	return p
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// eval runs a script in the page and returns its result.
func (p *tab) eval(script string) string {
	p.Helper()
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		p.Fatalf("%s: %v", script, err)
	}
	return got
}

// shows waits until an element has a text.
func (p *tab) shows(id, want string) {
	p.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		got := p.eval(`document.getElementById("` + id + `")?.textContent ?? ""`)
		if got == want {
			return
		}
		if time.Now().After(end) {
			p.Fatalf("got %q in #%s, want %q", got, id, want)
		}
	}
}

func (p *tab) click(id string) {
	p.Helper()
	p.do(chromedp.Click(chromedp.CSS("#" + id)))
}

// quiet fails when the page has written anything to the console.
func (p *tab) quiet() {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.complains) > 0 {
		p.Errorf("the console has %q", p.complains)
	}
}

// reactPage serves a page as a team would write it, from another origin than the BFF's.
func reactPage(t *testing.T, bff string) http.Handler {
	t.Helper()
	folder := clientFolder(t)
	out := filepath.Join(t.TempDir(), "app.js")
	build := exec.Command(filepath.Join(folder, "node_modules", ".bin", "esbuild"), "page/app.jsx", "--bundle", "--minify", "--jsx=automatic",
		`--define:process.env.NODE_ENV="production"`, "--define:process.env={}", "--log-level=warning", "--outfile="+out)
	build.Dir = folder
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("esbuild: %v\n%s", err, text)
	}
	script, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en" data-bff="%s"><meta charset="utf-8"><title>React</title><link rel="icon" href="data:,"><div id="root"></div><script src="/app.js"></script>`, bff)
	})
	mux.HandleFunc("/app.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(script)
	})
	return mux
}

// TestReactFollowsTheSession runs the official React client and its hook in a real browser,
// in two tabs, on an origin that the BFF trusts.
func TestReactFollowsTheSession(t *testing.T) {
	t.Parallel()
	app := httptest.NewUnstartedServer(nil)
	origin := "http://" + app.Listener.Addr().String()
	p := launch(t, shapes[0], "TRUSTED_ORIGINS="+origin)
	app.Config.Handler = reactPage(t, p.bff)
	app.Start()
	defer app.Close()

	browser := chromium(t)
	first := openTab(t, browser, origin+"/")
	first.shows("who", "nobody")
	first.do(chromedp.Focus(chromedp.CSS("#email")), chromedp.KeyEvent("ada@example.com"))
	first.click("sign-up")
	first.shows("message", "done")
	first.shows("who", "Ada <ada@example.com>")

	first.do(chromedp.Reload())
	first.shows("who", "Ada <ada@example.com>")
	first.click("rename")
	first.shows("who", "Augusta <ada@example.com>")

	// A script in the page finds no cookie and no token.
	for _, source := range []string{`document.cookie`, `JSON.stringify(localStorage)`, `JSON.stringify(sessionStorage)`} {
		if got := first.eval(source); strings.Contains(got, "session_token") || regexp.MustCompile(`[\w-]{20,}\.`).MatchString(got) {
			t.Errorf("%s: got %q, want no cookie and no token", source, got)
		}
	}

	ctx, cancel := chromedp.NewContext(browser) // another tab of the same browser
	defer cancel()
	second := openTab(t, ctx, origin+"/")
	second.shows("who", "Augusta <ada@example.com>")
	second.click("sign-out")
	second.shows("who", "nobody")
	first.shows("who", "nobody") // told by the other tab

	first.do(chromedp.Focus(chromedp.CSS("#email")), chromedp.KeyEvent("ada@example.com"))
	first.click("sign-in")
	first.shows("who", "Augusta <ada@example.com>")
	first.quiet()
	second.quiet()
}
