package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// watchRequests records the method, Idempotency-Key and body of each request that changes
// something.
const watchRequests = `window.sent = []; const real = window.fetch; window.fetch = (url, init) => {
	if (init && init.method !== 'GET') sent.push([init.method, new Headers(init.headers).get('Idempotency-Key'), String(init.body ?? '')]); return real(url, init) }; null`

// TestWhatIsTypedWhenTheSessionEndsIsKept: text that is typed while the session ends is kept,
// and is sent once.
func TestWhatIsTypedWhenTheSessionEndsIsKept(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "expires@example.com")
	w.add("older")
	w.saved()
	other := a.device(t, "/login")
	other.logIn("expires@example.com", "paper-lantern-42")
	other.lists("older")
	revoke := func() {
		t.Helper()
		if got := other.fetch("POST", "/api/auth/revoke-other-sessions", "{}"); !strings.HasPrefix(got, "200") {
			t.Fatal(got)
		}
	}
	w.do(evaluate(watchRequests))
	w.fill("New task", "being ty")
	revoke()
	w.write("ped")
	w.enter() // the server refuses it
	w.shows("Session expired. Please log in again.")
	if got := w.js(`text().includes('older')`); got == true {
		t.Error("the tasks can be read behind the dialog")
	}
	w.logIn("", "wrong-password")
	w.shows("The email or the password is wrong.")
	w.logIn("", "paper-lantern-42")
	w.lists("being typed", "older")
	w.saved()
	other.lists("being typed", "older")
	keys := map[any]bool{}
	for _, r := range w.js(`sent.filter(r => r[0] === 'POST' && r[2].includes('being typed'))`).([]any) {
		keys[r.([]any)[1]] = true
	}
	if len(keys) != 1 || keys[nil] {
		t.Errorf("got keys %v, want the same one for both requests", keys)
	}
	// Whoever only types is told too: the stream has ended.
	w.press("Edit", "older")
	w.fill("Title", "older and wis")
	revoke()
	w.shows("Session expired. Please log in again.")
	for range 4 { // the second is not asked about
		w.do(chromedp.KeyEvent("\x1b"), chromedp.Sleep(50*time.Millisecond))
	}
	w.until(`document.querySelector('dialog').open && document.activeElement === named('input', 'Password')`)
	w.logIn("", "paper-lantern-42")
	w.until(`named('textarea', 'Title')?.value === 'older and wis'`)
	w.until(`document.activeElement === named('textarea', 'Title')`) // and goes on where it was
	w.do(chromedp.KeyEvent("er"))
	w.enter()
	w.lists("being typed", "older and wiser")
	w.saved()
	other.lists("being typed", "older and wiser")
	// And in the forms of the account.
	w.press("Account")
	w.shows("This device")
	w.fill("Name", "Countess")
	revoke()
	w.press("Save name")
	w.shows("Session expired. Please log in again.")
	w.logIn("", "paper-lantern-42")
	w.shows("Your name is saved.")
	w.until(`document.querySelector('.who').textContent === 'Countess'`)
	// Over another dialog, it has its own name.
	w.press("Delete account…")
	w.shows("Delete your account?")
	revoke()
	w.shows("Session expired. Please log in again.")
	w.until(`nameOf([...document.querySelectorAll('dialog')].find(e => e.contains(document.activeElement))) === 'Session expired. Please log in again.'`)
	w.logIn("", "paper-lantern-42")
	w.until(`document.querySelectorAll('dialog').length === 1`)
	w.press("Keep it")
	w.until(`!document.querySelector('dialog')`)
	w.quiet("401")
	other.quiet()
}
