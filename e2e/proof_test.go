package e2e

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// forgetProofs lets the password of a user have been proven long ago in all sessions.
func (a *app) forgetProofs(t *testing.T, email string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(a.database, "sqlite:")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
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

// TestWhatIsSensitiveAsksForThePassword: what is sensitive asks for the password in place and goes on with what was
// typed.
func TestWhatIsSensitiveAsksForThePassword(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "proof@example.com")
	w.press("Account")
	w.shows("This device")
	other := a.device(t, "/login")
	other.logIn("proof@example.com", "paper-lantern-42")
	other.shows("Nothing to do yet")
	w.do(chromedp.Reload())
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
	w.do(chromedp.Reload())
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

	// Whoever goes to another page does not want it any more.
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

// TestALateAnswerSignsNobodyOut: a request that was sent before the session got another
// secret is refused, and the session lives.
func TestALateAnswerSignsNobodyOut(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	a := newAppBehind(t, f.base, func(bff string) { f.leadsTo(t, bff) })
	w := a.signedUp(t, "late@example.com")
	w.add("one")
	w.saved()
	two := a.beside(t, w, "/account")
	two.shows("This device")
	release := func() {}
	holdNext := func(method, path string) {
		held := make(chan struct{})
		release = func() { close(held) }
		f.set(func() {
			f.hold = func(r *http.Request) <-chan struct{} {
				if r.Method != method || !strings.HasPrefix(r.URL.Path, path) {
					return nil
				}
				f.hold = nil
				return held
			}
		})
	}
	came := func(prefix string, n int) {
		t.Helper()
		for end := time.Now().Add(patience); f.count(prefix) < n; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("got %d of %s, want %d", f.count(prefix), prefix, n)
			}
		}
	}
	newSecret := func(w *window, from, to string) {
		t.Helper()
		w.fill("Current password", from)
		w.fill("New password", to)
		w.press("Change password")
		w.until(`named('input', 'New password').value === ''`)
	}

	holdNext("PUT", "/api/proxy/")
	w.press("one")
	came("PUT ", 1)
	newSecret(two, "paper-lantern-42", "another lantern")
	release()
	w.until(`text().includes('Session expired') || !document.querySelector('.task.sending, .task.failed')`)
	w.until(`!document.querySelector('dialog')`)
	if got := w.fetch("GET", "/api/proxy/me/tasks", ""); !strings.Contains(got, `"completed":true`) || f.count("PUT ") != 2 {
		t.Errorf("got %s after %d attempts, want it completed after 2", got, f.count("PUT "))
	}

	// So in the forms of the account.
	holdNext("POST", "/api/auth/update-user")
	two.fill("Name", "Augusta")
	two.press("Save name")
	came("POST /api/auth/update-user", 1)
	w.press("Account")
	w.shows("This device")
	newSecret(w, "another lantern", "third lantern")
	release()
	two.until(`text().includes('Session expired') || text().includes('Your name is saved.')`)
	two.until(`!document.querySelector('dialog')`)

	// An end is an end.
	w.press("Tasks")
	w.lists("one")
	other := a.device(t, "/login")
	other.logIn("late@example.com", "third lantern")
	other.lists("one")
	holdNext("PUT", "/api/proxy/")
	w.press("one")
	came("PUT ", 3)
	if got := other.fetch("POST", "/api/auth/revoke-other-sessions", `{}`); !strings.HasPrefix(got, "200") {
		t.Fatal(got)
	}
	release()
	w.shows("Session expired. Please log in again.")
	two.shows("Session expired. Please log in again.")
	w.logIn("", "third lantern")
	w.saved()
	two.until(`!document.querySelector('dialog')`)

	// What one person has sent is not sent once more for the next.
	held := make(chan struct{})
	f.set(func() {
		f.hold = func(r *http.Request) <-chan struct{} {
			if r.Method == http.MethodPut || strings.HasSuffix(r.URL.Path, "/update-user") {
				return held
			}
			return nil
		}
	})
	puts, names := f.count("PUT "), f.count("POST /api/auth/update-user")
	w.press("one")
	came("PUT ", puts+1)
	two.fill("Name", "Ada again")
	two.press("Save name")
	came("POST /api/auth/update-user", names+1)
	three := a.beside(t, w, "/account")
	three.shows("This device")
	three.press("Log out")
	three.until(`location.pathname === '/login'`)
	three.press("Create an account")
	three.fill("Name", "Grace Hopper")
	three.fill("Email", "next@example.com")
	three.fill("Password", "paper-lantern-42")
	three.press("Create account")
	for _, tab := range []*window{w, two, three} {
		tab.until(`document.querySelector('.who')?.textContent === 'Grace Hopper'`)
	}
	close(held)
	f.set(func() { f.hold = nil })
	w.do(chromedp.Sleep(time.Second))
	for _, tab := range []*window{w, two} {
		if got := tab.js(`[document.querySelector('.who')?.textContent, document.querySelectorAll('dialog').length]`).([]any); got[0] != "Grace Hopper" || got[1] != 0.0 {
			t.Errorf("the next person sees %v", got)
		}
	}
	if puts, names = f.count("PUT ")-puts, f.count("POST /api/auth/update-user")-names; puts != 1 || names != 1 {
		t.Errorf("got %d and %d requests, want one each: they are of who was there before", puts, names)
	}

	// And a server that says both is not asked for ever.
	w.press("Tasks")
	w.add("one")
	w.saved()
	f.set(func() {
		f.change = func(res *http.Response) {
			if res.Request.Method == http.MethodPut {
				res.StatusCode = http.StatusUnauthorized
			}
		}
	})
	puts = f.count("PUT ")
	asked := f.count("GET /api/auth/get-session")
	w.press("one")
	w.shows("Session expired. Please log in again.")
	w.do(chromedp.Sleep(time.Second))
	if puts, asked = f.count("PUT ")-puts, f.count("GET /api/auth/get-session")-asked; puts != 2 || asked > 2 {
		t.Errorf("got %d attempts and %d questions who is in, want 2 and at most 2", puts, asked)
	}
	w.quiet("401")
	two.quiet("401")
}
