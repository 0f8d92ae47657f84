package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"vestibule/internal/storetest"
)

// forgetProofs makes the last proof of a user's password old in all sessions.
func (a *app) forgetProofs(t *testing.T, email string) {
	t.Helper()
	db := storetest.OpenRaw(t, a.database)
	defer db.Close()
	done, err := db.Exec(`UPDATE session SET "provenAt" = '2020-01-01T00:00:00.000Z' WHERE "userId" = (SELECT id FROM "user" WHERE email = ?)`, email)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("got %d sessions of %s (%v)", n, email, err)
	}
}

const proofAsked = `[...document.querySelectorAll('dialog[open]')].some(e => nameOf(e) === 'Confirm that it is you')`

// TestWhatIsSensitiveAsksForThePassword: a sensitive action asks for the password on the same
// page, and then continues with the typed text.
func TestWhatIsSensitiveAsksForThePassword(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "proof@example.com")
	w.press("Account")
	w.shows("This device")
	other := a.device(t, "/login")
	other.logIn("proof@example.com", "paper-lantern-42")
	other.shows("Nothing to do yet")
	w.reload()
	w.until(`document.querySelectorAll('.devices li').length === 2`)
	stale := func() {
		t.Helper()
		a.forgetProofs(t, "proof@example.com")
	}
	w.do(evaluate(watchRequests))

	stale()
	w.fill("New email", "proven@example.com")
	w.press("Change email")
	w.shows("Confirm that it is you")
	w.until(`document.activeElement === named('input', 'Password') && document.activeElement.autocomplete === 'current-password'`)
	w.do(chromedp.KeyEvent("\x1b"))
	w.until(`!document.querySelector('dialog') && document.activeElement === named('button', 'Change email')`)
	w.until(`named('input', 'New email').value === 'proven@example.com' && !text().includes('We have sent a link') && !document.querySelector('.error')`)
	w.press("Change email")
	w.shows("Confirm that it is you")
	w.press("Cancel")
	w.until(`!document.querySelector('dialog') && named('input', 'New email').value === 'proven@example.com'`)

	w.press("Change email")
	w.shows("Confirm that it is you")
	w.press("Confirm")
	w.shows("Enter your password.")
	w.fill("Password", "wrong")
	w.press("Confirm")
	w.shows("This is not your current password.")
	w.until(`document.activeElement === named('input', 'Password')`)
	w.do(evaluate(`window.passed = window.fetch; window.fetch = (url, init) => url.endsWith('/verify-password') ? Promise.resolve(new Response('{"code":"TOO_MANY_REQUESTS","message":"x"}', { status: 429, headers: { 'Content-Type': 'application/json', 'Retry-After': '300' } })) : passed(url, init)`))
	w.press("Confirm")
	w.shows("Too many attempts. Try again in 5 minutes.")
	w.js(`window.fetch = window.passed`)
	w.fill("Password", "paper-lantern-42")
	w.enter()
	w.shows("We have sent a link to proven@example.com.") // without another click
	w.until(`!document.querySelector('dialog')`)
	if got := w.js(`sent.filter(r => r[2].includes('proven@example.com')).length`); got != 4.0 {
		t.Errorf("the change was asked for %v times, want 4: three that were refused and one that was proven", got)
	}

	// It stands for what follows.
	w.press("Log out all other devices")
	w.until(`document.querySelectorAll('.devices li').length === 1`)
	other.shows("Session expired. Please log in again.")
	other.logIn("", "paper-lantern-42")
	other.shows("Nothing to do yet")
	w.reload()
	w.until(`document.querySelectorAll('.devices li').length === 2`)

	// Buttons wait for it too.
	stale()
	w.js(`document.querySelector('.devices button').click()`)
	w.shows("Confirm that it is you")
	w.press("Cancel")
	w.until(`!document.querySelector('dialog') && document.querySelectorAll('.devices li').length === 2 && !document.querySelector('.toast')`)
	w.js(`document.querySelector('.devices button').click()`)
	w.shows("Confirm that it is you")
	w.fill("Password", "paper-lantern-42")
	w.press("Confirm")
	w.until(`document.querySelectorAll('.devices li').length === 1`)
	other.shows("Session expired. Please log in again.")
	other.logIn("", "paper-lantern-42")
	other.shows("Nothing to do yet")

	// Going to another page cancels it.
	stale()
	w.fill("New email", "left@example.com")
	w.press("Change email")
	w.shows("Confirm that it is you")
	w.do(chromedp.NavigateBack())
	w.until(`!document.querySelector('dialog') && location.pathname === '/tasks'`)
	w.press("Account")
	w.shows("This device")

	// A new log-in proves it as well, and what was asked for goes on.
	stale()
	w.fill("New email", "later@example.com")
	w.press("Change email")
	w.shows("Confirm that it is you")
	w.fill("Password", "paper-lan")
	if got := other.fetch("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`); !strings.HasPrefix(got, "200") {
		t.Fatal(got)
	}
	if got := other.fetch("POST", "/api/auth/revoke-other-sessions", `{}`); !strings.HasPrefix(got, "200") {
		t.Fatal(got)
	}
	w.press("Confirm")
	w.shows("Session expired. Please log in again.")
	w.until(`nameOf([...document.querySelectorAll('dialog')].find(e => e.contains(document.activeElement))) === 'Session expired. Please log in again.'`)
	w.js(`(e => { e.focus(); e.select() })([...document.querySelectorAll('dialog.shut input[type=password]')][0])`)
	w.write("paper-lantern-42")
	w.enter()
	w.shows("We have sent a link to later@example.com.")
	w.until(`!document.querySelector('dialog')`)

	// A form that has the password in it does not ask for it again.
	stale()
	w.fill("Current password", "paper-lantern-42")
	w.fill("New password", "another lantern")
	w.press("Change password")
	w.until(`text().includes('Your password is changed.') || ` + proofAsked)
	w.until(`!` + proofAsked)
	stale()
	w.press("Delete account…")
	w.fill("Password", "another lantern")
	w.press("Delete account")
	w.until(`location.pathname === '/signup' || ` + proofAsked)
	w.until(`location.pathname === '/signup'`)
	w.quiet("400", "401", "403", "429")
	other.quiet("401")
}
