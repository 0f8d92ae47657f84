package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestALateAnswerSignsNobodyOut: the server refuses a request that was sent before the session
// got a new secret, but the session lives on.
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
	waitForRequests := func(prefix string, n int) {
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
	waitForRequests("PUT ", 1)
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
	waitForRequests("POST /api/auth/update-user", 1)
	w.press("Account")
	w.shows("This device")
	newSecret(w, "another lantern", "third lantern")
	release()
	two.until(`text().includes('Session expired') || text().includes('Your name is saved.')`)
	two.until(`!document.querySelector('dialog')`)

	// An end is an end.
	w.press("Tasks")
	w.press("All 1")
	w.lists("one")
	other := a.device(t, "/login")
	other.logIn("late@example.com", "third lantern")
	other.until(`named('a', 'All 1')`)
	holdNext("PUT", "/api/proxy/")
	w.press("one")
	waitForRequests("PUT ", 3)
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
	waitForRequests("PUT ", puts+1)
	two.fill("Name", "Ada again")
	two.press("Save name")
	waitForRequests("POST /api/auth/update-user", names+1)
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
	puts, names = f.count("PUT "), f.count("POST /api/auth/update-user") // also what was sent again after the time limit, before anybody else came
	close(held)
	f.set(func() { f.hold = nil })
	w.do(chromedp.Sleep(time.Second))
	for _, tab := range []*window{w, two} {
		if got := tab.js(`[document.querySelector('.who')?.textContent, document.querySelectorAll('dialog').length]`).([]any); got[0] != "Grace Hopper" || got[1] != 0.0 {
			t.Errorf("the next person sees %v", got)
		}
	}
	if puts, names = f.count("PUT ")-puts, f.count("POST /api/auth/update-user")-names; puts != 0 || names != 0 {
		t.Errorf("got %d and %d requests, want none: they are of who was there before", puts, names)
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
	asked := f.count("GET /api/auth/session")
	w.press("one")
	w.shows("Session expired. Please log in again.")
	w.do(chromedp.Sleep(time.Second))
	if puts, asked = f.count("PUT ")-puts, f.count("GET /api/auth/session")-asked; puts != 2 || asked > 2 {
		t.Errorf("got %d attempts and %d questions who is in, want 2 and at most 2", puts, asked)
	}

	// Nor does the next person see what a late answer is about.
	f.set(func() { f.change = nil })
	two.press("Account")
	two.shows("This device")
	two.js(`(globalThis.fetch = (send => (...request) => send(...request).then(answer => String(request[0]).endsWith('/update-user') ? new Promise(done => { globalThis.deliver = () => done(answer) }) : answer))(fetch), 0)`)
	two.fill("Name", "Grace B. Hopper")
	two.press("Save name")
	two.until(`globalThis.deliver`)
	three.press("Log out")
	three.until(`location.pathname === '/login'`)
	three.logIn("late@example.com", "third lantern")
	two.until(`document.querySelector('.who')?.textContent === 'Augusta'`)
	two.js(`(deliver(), 0)`)
	two.do(chromedp.Sleep(time.Second))
	if got := two.js(`document.querySelector('.who').textContent + text().includes('Your name is saved.')`); got != "Augustafalse" {
		t.Errorf("the next person sees %v of the one before", got)
	}
	w.quiet("401")
	two.quiet("401")
}
