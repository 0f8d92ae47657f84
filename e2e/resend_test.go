package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// refuseToSend makes each change of a task fail, as without a network, until window.online is
// true. It records the keys of the creations.
const refuseToSend = `window.keys = []; if (!window.refuses) { window.refuses = true; const real = window.fetch; window.fetch = (url, init) => {
	if (!['POST', 'PUT', 'DELETE'].includes(init?.method) || !String(url).includes('/tasks')) return real(url, init)
	if (init.method === 'POST') keys.push(new Headers(init.headers).get('Idempotency-Key'))
	return window.online ? real(url, init) : Promise.reject(new TypeError('away'))
} } null`

// stored are the entries of changes that a reload does not lose.
const stored = `Object.keys(localStorage).filter(key => key.startsWith('vestibule.queue.'))`

// leavesGladly answers the browser's question whether the page may be left.
func (w *window) leavesGladly() {
	questions := chromedp.Events(w.ctx, page.JavascriptDialogOpening)
	go func() {
		for _, err := range questions {
			if err != nil {
				return // the tab is closed
			}
			_, _ = chromedp.Call(w.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}
	}()
}

// serverHas checks which titles the server has, and that it has each once.
func (w *window) serverHas(titles ...string) {
	w.Helper()
	got := w.fetch("GET", "/api/proxy/me/tasks", "")
	if n := strings.Count(got, `"title"`); n != len(titles) {
		w.Errorf("the server has %s, want %q", got, titles)
	}
	for _, title := range titles {
		if strings.Count(got, `"title":"`+title+`"`) != 1 {
			w.Errorf("the server has %s, want %q once", got, title)
		}
	}
}

// TestFailedChangesAreSentAgain: nobody has to press a button when the network or the server is
// back.
func TestFailedChangesAreSentAgain(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "resend@example.com")
	for _, back := range []string{
		`dispatchEvent(new Event('online'))`,
		`dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`, // the stream opens
	} {
		w.do(evaluate(`window.online = false; null`), evaluate(refuseToSend))
		w.add("first")
		w.add("second")
		w.until(`document.querySelectorAll('.task.failed').length === 2`)
		w.js(`(window.online = true, ` + back + `)`)
		w.saved()
		w.lists("second", "first")
		w.serverHas("first", "second")
		// Each creation has one key, and they are sent again in their order.
		w.until(`keys.filter((key, i) => keys.indexOf(key) === i).length === 2 && keys.at(-1) !== keys.at(-2) && keys.at(-2) === keys[0]`)
		for _, title := range []string{"first", "second"} {
			w.press("Delete", title)
		}
		w.do(evaluate(`dispatchEvent(new PageTransitionEvent('pagehide'))`))
		w.lists()
		w.until(`!document.querySelector('.toast')`)
		w.saved()
	}
	w.quiet()
}

// TestUnsavedChangesSurviveAReload, also that of a tab beside, and belong to one user.
func TestUnsavedChangesSurviveAReload(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "reload@example.com")
	w.press("All 0")
	w.leavesGladly()
	w.add("old")
	w.saved()
	w.until(stored + `.length === 0`)
	asks := func(w *window) bool {
		return w.js(`dispatchEvent(new Event('beforeunload', { cancelable: true }))`) == false
	}
	fails := func(w *window, title string) {
		t.Helper()
		w.do(evaluate(refuseToSend))
		w.add(title)
		w.until(`document.querySelector('.task.failed') && ` + stored + `.some(key => localStorage[key].includes(` + quoted(title) + `))`)
		if asks(w) {
			t.Errorf("the browser asks whether the page may be left, though %q is kept", title)
		}
	}
	fails(w, "kept")
	w.fill("New task", "typed")
	if !asks(w) {
		t.Error("the browser does not ask whether a page with typed text may be left")
	}
	w.write("")
	w.press("old") // completed
	w.press("Edit", "old")
	w.fill("Title", "new")
	w.press("Save")
	w.until(stored + `.some(key => localStorage[key].includes('"new"'))`)
	w.reload()
	w.lists("kept", "new")
	w.saved()
	w.until(`named(pressable, 'new').checked`)
	w.serverHas("kept", "new")
	w.until(stored + `.length === 0`)

	// A tab that is closed leaves its changes to another one.
	other := a.beside(t, w, "/tasks?show=all")
	other.leavesGladly()
	other.lists("kept", "new")
	fails(other, "left behind")
	w.lists("kept", "new")
	other.open("about:blank")
	w.lists("left behind", "kept", "new")
	w.saved()
	w.serverHas("left behind", "kept", "new")
	w.until(stored + `.length === 0`)

	// A log-out leaves nothing.
	fails(w, "given up")
	w.press("Log out")
	w.shows("Log out without saving?")
	w.js(`document.querySelector('dialog .bad').click()`)
	w.until(`location.pathname === '/login' && ` + stored + `.length === 0`)

	// And whoever logs in after a session that has ended does not get the changes of another user.
	w.logIn("reload@example.com", "paper-lantern-42")
	w.press("All 3")
	w.lists("left behind", "kept", "new")
	fails(w, "secret")
	w.open(a.bff + "/client/index.js") // where no app runs
	w.until(`document.readyState === 'complete'`)
	if got := w.fetch("POST", "/api/auth/sign-out", "{}"); !strings.HasPrefix(got, "200") {
		t.Fatal(got)
	}
	w.open(a.bff + "/signup")
	w.until(stored + `.length === 1`)
	w.fill("Email", "nextuser@example.com")
	w.fill("Password", "paper-lantern-42")
	w.press("Create account")
	w.shows("Nothing to do yet")
	w.until(stored + `.length === 0`)
	w.serverHas()
	w.quiet("404") // the favicon of a page that is only a text
}

// TestAnIdleSessionEndsWithAWarning in all tabs, and whoever stays in one stays in all.
func TestAnIdleSessionEndsWithAWarning(t *testing.T) {
	t.Parallel()
	// A warning comes in the last quarter of so short a session.
	a := newApp(t, "SESSION_EXPIRES_IN=80s", "SESSION_UPDATE_AGE=1s", "APP_NAME=Sesame")
	w := a.signedUp(t, "idle@example.com")
	other := a.beside(t, w, "/tasks")
	other.shows("Nothing to do yet")
	w.fill("New task", "half a thought")
	for _, tab := range []*window{w, other} {
		tab.shows("Are you still there?")
		tab.shows("You will be logged out in less than a minute, because you have not used Sesame for some time.")
	}
	other.press("Stay logged in")
	for _, tab := range []*window{w, other} {
		tab.until(`!document.querySelector('dialog')`)
	}
	w.do(chromedp.Sleep(20 * time.Second)) // the session would have ended
	w.until(`named('textarea', 'New task').value === 'half a thought' && !document.querySelector('dialog')`)
	w.quiet()
	other.quiet()
}
