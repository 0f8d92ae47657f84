package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestGuestsSeeNothingPrivate: guests see no private data, and the log-in leads back to the
// page that the guest asked for.
func TestGuestsSeeNothingPrivate(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "guards@example.com")
	w.add("private thing")
	w.saved()
	for _, path := range []string{"/login", "/signup", "/"} {
		w.open(a.bff + path)
		w.until(`location.pathname === '/tasks'`)
	}
	w.lists("private thing") // or its answer would come after the log-out
	w.press("Log out")
	w.until(`location.pathname === '/login'`)
	w.do(chromedp.NavigateBack()) // what was private is not in the history's cache either
	w.until(`location.pathname === '/login'`)
	for _, path := range []string{"/tasks?show=open&q=thing", "/account"} {
		w.open(a.bff + path)
		w.until(`location.pathname === '/login' && text().includes('New here?')`)
		if got := w.js(`performance.getEntriesByType('resource').map(e => e.name).filter(name => name.includes('/api/') && !name.endsWith('/session'))`); len(got.([]any)) > 0 {
			t.Errorf("a guest's page has asked for %v", got)
		}
	}
	w.open(a.bff + "/tasks?show=open&q=thing")
	w.shows("New here?")
	w.press("Create an account") // and back: where one wanted to go is not forgotten on the way
	w.press("Log in")
	w.logIn("guards@example.com", "paper-lantern-42")
	w.until(`location.pathname + location.search === '/tasks?show=open&q=thing'`)
	w.lists("private thing")
	w.quiet()
}

func TestLogInNeverLeadsToAnotherSite(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "redirects@example.com")
	for _, target := range []string{
		"https://evil.example/", "//evil.example", `/\evil.example`, `\\evil.example`, "javascript:alert(1)", "/\t/evil.example", "/%09/evil.example",
		"http:evil.example", "data:text/html,x", "evil.example", "/api/auth/sign-out", "/login?return=/login", "///evil.example", "/.//evil.example", "/..//evil.example",
	} {
		w.open(a.bff + "/login?return=" + strings.NewReplacer("%", "%25", "?", "%3F", "&", "%26", "\t", "%09", `\`, "%5C").Replace(target))
		w.until(`document.querySelector('h1')`)
		if got := w.js(`location.href`).(string); !strings.HasPrefix(got, a.bff+"/tasks") && !strings.HasPrefix(got, a.bff+"/%09/") {
			t.Errorf("return=%q leads to %s", target, got)
		}
	}
	w.quiet()
}
