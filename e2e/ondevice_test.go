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
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestTheAppStaysOnTheDevice: a second visit asks for the page alone, and the app starts
// without a network. It shows what the person saw last, and nothing of that stays after they
// have left.
func TestTheAppStaysOnTheDevice(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*app, *testing.T, string) *window{"Chromium": (*app).device, "Firefox": (*app).firefox} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t) // not the shared one: its requests are counted and its network is cut
			w := open(a, t, "/signup")
			w.signUp("installed@example.com")
			a.staysAfterAVisit(t, w)
			a.startsWithoutANetwork(t, w)
			a.isHiddenUntilItKnows(t, w)
			a.forgetsWhoLeaves(t, w)
			w.quiet("ERR_", "401")
			a.leavesToOthers(t, w)
		})
	}
}

// lastSeen is a script that reads what the person saw last.
const lastSeen = `new Promise(done => { const o = indexedDB.open('vestibule', 1); o.onsuccess = () => { const r = o.result.transaction('last-seen').objectStore('last-seen').get('last'); r.onsuccess = () => { o.result.close(); done(r.result ?? null) } } })`

// noteKept is a script that records all that is kept from now on. No two looks at the clock
// give the same time, as on a slow machine: a record is for a day exactly all the same.
const noteKept = `((put, now) => {
	let last = 0
	Date.now = () => (last = Math.max(last + 1, now()))
	window.allKept = []
	IDBObjectStore.prototype.put = function (value, key) { allKept.push(value); return put.call(this, value, key) }
})(IDBObjectStore.prototype.put, Date.now)`

// keeps waits until that is true of it.
func (w *window) keeps(condition string) {
	w.Helper()
	w.until(`(` + lastSeen + `.then(found => globalThis.kept = found), (kept => ` + condition + `)(globalThis.kept))`)
}

func (w *window) keepsTask(title string) {
	w.Helper()
	w.keeps(`kept?.tasks.some(task => task.title === ` + quoted(title) + `)`)
}

func (a *app) staysAfterAVisit(t *testing.T, w *window) {
	t.Helper()
	w.js(noteKept)
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

	// The answer to a sign-up does not say when the session ends. The page learns it after half
	// a minute, maybe before a slow machine asks here.
	const day = `86_400_000`
	w.until(`allKept.some(kept => kept.until - kept.at === ` + day + `)`)
	w.js(`new BroadcastChannel('vestibule.session').postMessage('in')`) // so the page asks now, and not after 30 s
	w.keeps(`kept?.until - kept?.at > 6 * ` + day)

	begun := len(a.processes[0].log.String())
	w.open(a.bff + "/tasks")
	w.lists("written online")
	w.press("Account")
	w.shows("This device")
	if got := a.filesAsked(t, begun); len(got) != 1 || !strings.HasSuffix(got[0], " /tasks") {
		t.Errorf("the second visit asks for %q, want the page alone", got)
	}
	w.keepsTask("written online")
}

func (a *app) startsWithoutANetwork(t *testing.T, w *window) {
	t.Helper()
	w.js(`void fetch('/api/proxy/me/tasks').then(a => a.json()).then(([{ id }]) => fetch('/api/proxy/me/tasks/' + id, { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: '{"due_on":"2031-05-06"}' }))`)
	w.keeps(`kept?.tasks[0]?.due_on === '2031-05-06'`)
	a.wire.set(true)
	w.open(a.bff + "/tasks?show=open")
	w.shows("These are your tasks of")
	w.shows("written online")
	w.until(`document.querySelector('.seen time')?.dateTime === '2031-05-06'`)
	w.keeps(`kept`)
	w.js(`localStorage.setItem('vestibule.queue.' + kept.user + '.x', JSON.stringify([{ at: Date.now() }, { at: Date.now() }]))`)
	w.open(a.bff + "/tasks")
	w.shows("2 changes of yours have not reached the server yet")
	w.js(`localStorage.clear()`)
	if got := w.js(`[...document.querySelectorAll('input, textarea, button')].map(nameOf).join()`); got != "Try again" {
		t.Errorf("without a network, the page offers %q", got)
	}
	if _, chromium := w.engine.(chromiumTab); chromium {
		if folder := os.Getenv("SEE"); folder != "" {
			w.picture(filepath.Join(folder, "offline.png"))
		}
		w.axe(testAxe(t))
	}
	a.wire.set(false)
	w.press("Try again")
	w.lists("written online")
	w.add("written later")
	w.saved()
	w.keepsTask("written later")
}

// isHiddenUntilItKnows: while the browser keeps a page for "back", somebody else may log in.
func (a *app) isHiddenUntilItKnows(t *testing.T, w *window) {
	t.Helper()
	restored := func() {
		w.js(`dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })) && dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`)
	}
	w.fill("New task", "half a thought")
	restored()
	w.lists("written later", "written online")
	a.wire.set(true)
	restored()
	w.shows("this page does not know whether you are still logged in")
	if got := w.js(`[...document.querySelectorAll('.app *')].some(seen)`); got != false {
		t.Errorf("the page still shows %v", w.js(`text()`))
	}
	a.wire.set(false)
	w.press("Try again")
	w.lists("written later", "written online")
	w.until(`named('textarea', 'New task')?.value === 'half a thought'`)
	w.js(`named('textarea', 'New task').focus() ?? true`)
	w.enter()
	w.lists("half a thought", "written later", "written online") // the stream is open, and the task is sent
	w.saved()
}

func (a *app) forgetsWhoLeaves(t *testing.T, w *window) {
	t.Helper()
	// Another tab ends the session at the server: what is kept goes at once.
	w.fetch("POST", "/api/auth/sign-out", "{}")
	w.shows("Session expired. Please log in again.")
	w.keeps(`kept === null`)
	w.logIn("", "paper-lantern-42")
	w.lists("half a thought", "written later", "written online")
	w.keepsTask("written later")
	w.press("Log out")
	w.until(`location.pathname === '/login'`)
	w.keeps(`kept === null`)
	// As a session that has expired, or a browser that was closed before it could delete the record.
	w.js(`(o => void (o.onsuccess = () => { o.result.transaction('last-seen', 'readwrite').objectStore('last-seen').put({ user: 'usr_x', at: 1, until: Date.now() - 1, tasks: [{ id: 1, title: 'written long ago' }] }, 'last'); o.result.close() }))(indexedDB.open('vestibule', 1))`)
	w.keepsTask("written long ago")
	a.wire.set(true)
	w.open(a.bff + "/tasks")
	w.shows("No connection")
	if got := w.js(`document.documentElement.outerHTML.includes('written')`); got != false {
		t.Error("after the log-out, the page shows tasks of the person who has left")
	}
	a.wire.set(false)
}

// leavesToOthers: a new version is shown at once, and another app finds nothing of this one.
func (a *app) leavesToOthers(t *testing.T, w *window) {
	t.Helper()
	a.answers(t, "APP_NAME=Other Tasks")
	w.open(a.bff + "/login")
	w.until(`document.title === 'Log in · Other Tasks'`)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "index.html"), []byte(`<!doctype html><title>Team</title><h1>The team's app</h1>`), 0o600); err != nil {
		t.Fatal(err)
	}
	a.answers(t, "WEB_DIR="+folder)
	w.open(a.bff + "/login")
	w.shows("The team's app")
	w.until(`(Promise.all([navigator.serviceWorker.getRegistrations(), caches.keys(), indexedDB.databases()]).then(found => globalThis.left = found.flat().length), globalThis.left === 0)`)
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
	if _, chromium := w.engine.(chromiumTab); !chromium {
		return
	}
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
