package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vestibule/internal/mailtest"
)

// linkIn is the link in the n-th mail to an address.
func (a *app) linkIn(t *testing.T, to string, n int) string {
	t.Helper()
	text := mailtest.Wait(t, filepath.Join(a.dir, "data", "mail"), to, n)
	link := regexp.MustCompile(`http\S+/api/auth/\S+`).FindString(text)
	if link == "" {
		t.Fatalf("no link in mail %d to %s:\n%s", n, to, text)
	}
	return link
}

// arrives waits until the browser has loaded another page. Scripts fail until then.
func (w *window) arrives(path string) {
	w.Helper()
	var at string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		got, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.readyState === 'complete' ? location.pathname + location.search : ''`))
		if err == nil && got == path {
			return
		}
		at = got
	}
	w.Fatalf("got to %q, want %q", at, path)
}

func testAxe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(clientFolder(t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// TestPagesOfLinks follows links from mails, in a browser without a session. The app is a
// team's own and has no pages for these links, so the BFF shows its own.
func TestPagesOfLinks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	const team = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Team</title><h1>The team's app</h1></html>`
	if err := os.WriteFile(filepath.Join(folder, "index.html"), []byte(team), 0o600); err != nil {
		t.Fatal(err)
	}
	axe := testAxe(t)
	a := newApp(t, "REQUIRE_EMAIL_VERIFICATION=true", "WEB_DIR="+folder)
	looks := func(w *window) {
		t.Helper()
		for _, scheme := range []string{"light", "dark"} {
			w.scheme(scheme)
			w.axe(axe)
		}
		w.do(chromedp.EmulateViewport(320, 640))
		w.fits("link", 320)
		w.do(chromedp.EmulateViewport(1000, 800))
		if from := w.js(`performance.getEntriesByType('resource').map(e => e.name).filter(name => !name.startsWith(location.origin + '/api/auth/'))`); len(from.([]any)) > 0 {
			t.Errorf("the page loads %v", from)
		}
	}
	signIn := func(w *window, email, password string, want string) {
		t.Helper()
		if got := w.fetch("POST", "/api/auth/login", `{"email":"`+email+`","password":"`+password+`"}`); !strings.HasPrefix(got, want) {
			t.Fatalf("signing in as %s: got %s, want %s", email, got, want)
		}
	}

	// A stranger has signed up with somebody's address, who follows the link.
	thief := a.device(t, "/")
	thief.shows("The team's app")
	if got := thief.fetch("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"paper-lantern-42","callbackURL":"/welcome?from=mail"}`); !strings.HasPrefix(got, "200") {
		t.Fatal(got)
	}
	owner := a.device(t, "/")
	link := a.linkIn(t, "ada@example.com", 1)
	owner.open(link)
	owner.shows("Confirm your address")
	looks(owner)
	signIn(thief, "ada@example.com", "paper-lantern-42", "401")
	owner.fill("Password", "not this one")
	owner.press("Confirm my address")
	owner.shows("This is not the password of the account.")
	owner.fill("New password", "short")
	owner.press("Set the password and confirm")
	owner.shows("Password too short")
	owner.fill("New password", "another-lantern-42")
	owner.press("Set the password and confirm")
	owner.shows("Your address is confirmed")
	looks(owner)
	goOn := "Continue to " + strings.TrimPrefix(a.bff, "http://")
	owner.press(goOn)
	owner.arrives("/welcome?from=mail")
	owner.leave(`history.back()`) // the link is not in the way back
	owner.arrives("/")
	signIn(thief, "ada@example.com", "paper-lantern-42", "401")
	owner.open(a.bff + "/")
	signIn(owner, "ada@example.com", "another-lantern-42", "200")
	owner.open(link) // again, it is done
	owner.arrives("/welcome?from=mail")
	owner.quiet("400", "401")

	// Their password is known to somebody, who asks for another address.
	signIn(thief, "ada@example.com", "another-lantern-42", "200")
	if got := thief.fetch("POST", "/api/auth/change-email", `{"newEmail":"eve@example.com"}`); !strings.HasPrefix(got, "200") {
		t.Fatal(got)
	}
	elsewhere := a.device(t, "/")
	elsewhere.open(a.linkIn(t, "eve@example.com", 1))
	elsewhere.shows("Confirm your new address")
	looks(elsewhere)
	elsewhere.fill("Password", "another-lantern-42")
	elsewhere.press("Use this address")
	elsewhere.shows("Your address is changed")
	elsewhere.press(goOn)
	elsewhere.arrives("/")
	signIn(elsewhere, "eve@example.com", "another-lantern-42", "200")

	// The owner takes the account back, with the mail that came first.
	mailtest.Wait(t, filepath.Join(a.dir, "data", "mail"), "ada@example.com", 4)
	owner.open(a.linkIn(t, "ada@example.com", 3))
	owner.shows("Was this not you?")
	looks(owner)
	owner.fill("New password", "a-third-lantern-42")
	owner.press("Stop the change and set this password")
	owner.shows("The change is stopped")
	if got := owner.js(`text().includes('is on its way')`); got != false {
		t.Error("a mail is promised to somebody who has just set a password")
	}
	looks(owner)
	signIn(elsewhere, "eve@example.com", "another-lantern-42", "401")
	signIn(owner, "ada@example.com", "a-third-lantern-42", "200")
	for _, w := range []*window{thief, elsewhere} {
		if got := w.fetch("GET", "/api/auth/get-session", ""); got != "200 null" {
			t.Errorf("got %s, want nobody signed in there", got)
		}
	}

	// A link to a new password, where nobody has said which page asks for it.
	if got := owner.fetch("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`); !strings.HasPrefix(got, "200") {
		t.Fatal(got)
	}
	elsewhere.open(a.linkIn(t, "ada@example.com", 6))
	elsewhere.shows("Choose a new password")
	looks(elsewhere)
	elsewhere.fill("New password", "a-fourth-lantern-42")
	elsewhere.press("Set the password")
	elsewhere.shows("Your password is set")
	elsewhere.press(goOn)
	elsewhere.arrives("/")
	elsewhere.shows("The team's app")
	signIn(elsewhere, "ada@example.com", "a-fourth-lantern-42", "200")

	// Whoever follows a dead link is told so before they type anything.
	for _, dead := range []string{a.linkIn(t, "ada@example.com", 6), a.bff + "/api/auth/undo-email?token=" + strings.Repeat("x", 43)} {
		elsewhere.open(dead)
		elsewhere.shows("This link no longer works")
		looks(elsewhere)
	}
	elsewhere.quiet("400", "401")
}
