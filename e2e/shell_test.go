package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestAPageThatCannotStartSaysSo: without JavaScript, and when a module does not arrive
// because it is blocked or an instance of another version is asked for it. The text is
// within the first screen of a phone.
func TestAPageThatCannotStartSaysSo(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	axe := testAxe(t)
	w := a.device(t, "/login")
	w.shows("New here?")
	w.scheme("light")
	w.do(chromedp.EmulateViewport(320, 640, chromedp.EmulateMobile))
	block := func(patterns ...string) {
		t.Helper()
		blocked := network.SetBlockedURLsParams{}
		for _, p := range patterns {
			blocked.URLPatterns = append(blocked.URLPatterns, &network.BlockPattern{URLPattern: p, Block: true})
		}
		if _, err := chromedp.Call(w.ctx, network.SetBlockedURLs, blocked); err != nil {
			t.Fatal(err)
		}
	}
	says := func(name, text, selector string) {
		t.Helper()
		w.until(`document.querySelector('` + selector + `') && getComputedStyle(document.querySelector('` + selector + `')).visibility === 'visible'`)
		w.shows(text)
		if got := w.js(`(r => r.top >= 0 && r.left >= 0 && r.bottom <= innerHeight && r.right <= innerWidth)(document.querySelector('` + selector + `').getBoundingClientRect())`); got != true {
			t.Errorf("%s: the text is not within the first screen: %v", name, w.js(`document.querySelector('`+selector+`').getBoundingClientRect()`))
		}
		w.fits(name, 320)
		if folder := os.Getenv("SEE"); folder != "" {
			w.picture(filepath.Join(folder, name+".png"))
		}
	}
	folder := w.js(`new URL(document.querySelector('script').src).pathname.split('/').slice(0, 3).join('/')`).(string)
	if _, err := chromedp.Call(w.ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}); err != nil {
		t.Fatal(err)
	}
	for name, pattern := range map[string]string{"the entry": "/app/main.js", "an import": "/client/transport.js"} {
		block(a.bff + folder + pattern)
		w.do(chromedp.Reload())
		says(strings.ReplaceAll(name, " ", "-"), "has not started yet", ".late")
	}
	w.axe(axe)
	block(a.bff + folder + "/*") // the style, too
	w.do(chromedp.Reload())
	says("nothing", "has not started yet", ".late")
	block()
	w.js(`document.querySelector('.late a').click() ?? true`) // it loads the page again
	w.arrives("/login")
	w.shows("New here?")

	if _, err := chromedp.Call(w.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	w.do(chromedp.Reload())
	says("no-script", "Vestibule needs JavaScript", ".noscript")
	if got := w.js(`text().includes('has not started yet')`); got != false {
		t.Error("the page gives two reasons")
	}
}

// filesAsked are the paths of the requests since a place in the log that are not for the API.
func (a *app) filesAsked(t *testing.T, from int) (paths []string) {
	t.Helper()
	for line := range strings.Lines(a.processes[0].log.String()[from:]) {
		var record struct {
			Msg, Path string
			Status    int
		}
		if json.Unmarshal([]byte(line), &record) == nil && record.Msg == "request" && !strings.HasPrefix(record.Path, "/api/") && record.Path != "/readyz" {
			paths = append(paths, fmt.Sprint(record.Status, " ", record.Path))
		}
	}
	return paths
}

// TestTheAppStaysOnTheDevice: a second visit asks for the page alone, and the app starts
// without a network. It shows what the person saw last, and nothing of that stays after they
// have left.
func TestTheAppStaysOnTheDevice(t *testing.T) {
	t.Parallel()
	a := newApp(t) // not the shared one: its requests are counted and its network is cut
	w := a.signedUp(t, "installed@example.com")
	w.add("written online")
	w.saved()
	w.until(`navigator.serviceWorker.controller`)
	w.until(`(caches.keys().then(async names => globalThis.ready = Boolean(await caches.match('/'))), globalThis.ready)`)
	asked := a.filesAsked(t, 0)
	t.Logf("the first visit asks for %d files", len(asked))
	if slices.ContainsFunc(asked, func(s string) bool { return !strings.HasPrefix(s, "200 ") }) {
		t.Errorf("got %q, want 200 for each", asked)
	}
	// Beside the files: the page, and the page that the worker keeps.
	slices.Sort(asked)
	if files := slices.Compact(slices.Clone(asked)); len(asked) > len(files)+1 {
		t.Errorf("files were sent twice: %q", asked)
	}
	installable(t, w)

	begun := len(a.processes[0].log.String())
	w.do(chromedp.Navigate(a.bff + "/tasks"))
	w.lists("written online")
	w.press("Account")
	w.shows("This device")
	if got := a.filesAsked(t, begun); len(got) != 1 || !strings.HasSuffix(got[0], " /tasks") {
		t.Errorf("the second visit asks for %q, want the page alone", got)
	}
	kept := `new Promise(done => { const o = indexedDB.open('vestibule', 1); o.onsuccess = () => { const r = o.result.transaction('last-seen').objectStore('last-seen').get('last'); r.onsuccess = () => { o.result.close(); done(JSON.stringify(r.result ?? null)) } } })`
	keeps := func(part string) {
		t.Helper()
		w.until(`(` + kept + `.then(text => globalThis.kept = text), String(globalThis.kept).includes(` + quoted(part) + `))`)
	}
	keepsNothing := func() {
		t.Helper()
		w.until(`(` + kept + `.then(text => globalThis.kept = text), globalThis.kept === 'null')`)
	}
	keeps("written online")

	a.wire.set(true)
	w.do(chromedp.Navigate(a.bff + "/tasks?show=open"))
	w.shows("These are your tasks of")
	w.shows("written online")
	if got := w.js(`[...document.querySelectorAll('input, textarea, button')].map(nameOf).join()`); got != "Try again" {
		t.Errorf("without a network, the page offers %q", got)
	}
	if folder := os.Getenv("SEE"); folder != "" {
		w.picture(filepath.Join(folder, "offline.png"))
	}
	w.axe(testAxe(t))
	a.wire.set(false)
	w.press("Try again")
	w.lists("written online")
	w.add("written later")
	w.saved()
	keeps("written later")

	// Another tab ends the session at the server: what is kept goes at once.
	w.fetch("POST", "/api/auth/sign-out", "{}")
	w.shows("Session expired. Please log in again.")
	keepsNothing()
	w.logIn("", "paper-lantern-42")
	w.lists("written later", "written online")
	keeps("written later")
	w.press("Log out")
	w.until(`location.pathname === '/login'`)
	keepsNothing()
	// As a session that has expired, or a browser that was closed before it could delete the record.
	w.js(`(o => void (o.onsuccess = () => { o.result.transaction('last-seen', 'readwrite').objectStore('last-seen').put({ user: 'usr_x', at: 1, until: Date.now() - 1, tasks: [{ id: 1, title: 'written long ago' }] }, 'last'); o.result.close() }))(indexedDB.open('vestibule', 1))`)
	keeps("long ago")
	a.wire.set(true)
	w.do(chromedp.Navigate(a.bff + "/tasks"))
	w.shows("No connection")
	if got := w.js(`document.documentElement.outerHTML.includes('written')`); got != false {
		t.Error("after the log-out, the page shows tasks of the person who has left")
	}
	a.wire.set(false)
	w.quiet("ERR_", "401")

	// A new version is shown at once, and another app finds nothing of this one.
	a.answers(t, "APP_NAME=Other Tasks")
	w.do(chromedp.Navigate(a.bff + "/login"))
	w.until(`document.title === 'Log in · Other Tasks'`)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "index.html"), []byte(`<!doctype html><title>Team</title><h1>The team's app</h1>`), 0o600); err != nil {
		t.Fatal(err)
	}
	a.answers(t, "WEB_DIR="+folder)
	w.do(chromedp.Navigate(a.bff + "/login"))
	w.shows("The team's app")
	w.until(`(Promise.all([navigator.serviceWorker.getRegistrations(), caches.keys()]).then(found => globalThis.left = found.flat().length), globalThis.left === 0)`)
}

// answers starts another product, with these settings, at the address of the app.
func (a *app) answers(t *testing.T, settings ...string) {
	t.Helper()
	p := launch(t, shapes[0], append([]string{"BASE_URL=" + a.bff, "RATE_LIMIT=off"}, settings...)...)
	a.wire.set(true) // no connection to the one before stays
	a.wire.mu.Lock()
	a.wire.to = strings.TrimPrefix(p.bff, "http://")
	a.wire.mu.Unlock()
	a.wire.set(false)
}

// installable asks Chromium what is missing for the app to be installed.
func installable(t *testing.T, w *window) {
	t.Helper()
	got, err := chromedp.Call(w.ctx, page.GetInstallabilityErrors, cdp.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range got.InstallabilityErrors {
		if e.ErrorID != "in-incognito" { // the tests' profiles are
			t.Errorf("Chromium does not install the app: %s", e.ErrorID)
		}
	}
}
