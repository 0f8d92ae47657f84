package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"vestibule/internal/waittest"
)

// TestDevicesAndTabsShowTheSame: two devices and two tabs show the same within a second.
func TestDevicesAndTabsShowTheSame(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	one := a.signedUp(t, "beside@example.com")
	one.press("All 0")
	two := a.beside(t, one, "/tasks?show=all")
	two.shows("Nothing to do yet")
	three := a.device(t, "/login")
	three.logIn("beside@example.com", "paper-lantern-42")
	three.press("All 0")
	three.shows("Nothing to do yet")
	all := []*window{one, two, three}
	var took []time.Duration
	allReach := func(condition string) {
		t.Helper()
		begun := time.Now()
		for _, w := range all {
			w.until(condition)
		}
		took = append(took, time.Since(begun).Round(time.Millisecond))
	}
	one.add("from one")
	one.saved()
	allReach(`titles().join() === 'from one'`)
	three.press("from one")
	three.saved()
	allReach(`named(pressable, 'from one').checked`)
	two.press("Edit", "from one")
	two.fill("Title", "named by two")
	two.press("Save")
	two.saved()
	allReach(`titles().join() === 'named by two'`)
	three.press("Delete", "named by two")
	three.reload() // which does what could be undone
	three.shows("Nothing to do yet")
	allReach(`text().includes('Nothing to do yet')`)
	// The least of several counts: what is beside this on the machine only adds to it.
	for begun := time.Now(); slices.Min(took) > time.Second && time.Since(begun) < waittest.Patience; {
		title := fmt.Sprintf("change %d", len(took))
		one.add(title)
		one.saved()
		allReach(`titles().includes('` + title + `')`)
	}
	t.Logf("the others show a change after %v", took)
	if least := slices.Min(took); least > time.Second {
		t.Errorf("the others show a change after %v at best, want at most a second", least)
	}
	for _, w := range all {
		w.quiet()
	}
}

func TestALogOutIsSeenByTheOtherTabs(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	one := a.signedUp(t, "tabs@example.com")
	one.add("private words")
	one.saved()
	two := a.beside(t, one, "/account")
	two.shows("This device")
	one.press("Delete", "private words")
	one.shows("Deleted “private words”.")
	one.fill("Search tasks", "private words")
	one.until(`location.search.includes('private')`)
	two.press("Log out")
	one.until(`location.pathname === '/login'`)
	one.shows("You have logged out in another tab.")
	for _, w := range []*window{one, two} {
		if got := w.js(`['tabs@example.com', 'private words'].filter(word => (decodeURIComponent(location.href).replaceAll('+', ' ') + document.documentElement.outerHTML).includes(word))`).([]any); len(got) > 0 {
			t.Errorf("the page still has %v of who has left", got)
		}
	}
	two.logIn("tabs@example.com", "paper-lantern-42")
	two.until(`document.querySelector('.page')`)
	one.until(`location.pathname === '/tasks'`) // and so is log-in
	one.quiet()
	two.quiet()
}

// TestTheNextPersonSeesNothing: the next user of a device sees no data of the previous one.
func TestTheNextPersonSeesNothing(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	one := a.signedUp(t, "one-person@example.com")
	two := a.beside(t, one, "/tasks")
	two.shows("Nothing to do yet")
	three := a.beside(t, one, "/tasks?q=private+search")
	three.shows("Nothing matches")
	one.fill("Search tasks", "private search")
	one.until(`location.search.includes('private')`)
	one.press("Account")
	one.shows("This device")
	one.fill("Name", "private name")
	one.fill("New email", "private@example.com")
	two.fetch("POST", "/api/auth/sign-out", "{}")
	for _, w := range []*window{one, two, three} {
		w.shows("Session expired. Please log in again.")
	}
	two.press("Use another address or account")
	two.until(`location.pathname + location.search === '/login'`)
	two.press("Create an account")
	two.fill("Email", "another-person@example.com")
	two.fill("Password", "paper-lantern-42")
	two.press("Create account")
	two.until(`location.pathname + location.search === '/tasks'`)
	one.shows("another-person@example.com")
	one.leave(`history.back()`)
	one.until(`location.pathname + location.search === '/tasks' && named('input', 'Search tasks')`)
	three.until(`location.pathname + location.search === '/tasks' && text().includes('Nothing to do yet')`)
	for _, w := range []*window{one, two, three} {
		if got := w.js(`[location.href, ...[...document.querySelectorAll('input, textarea')].map(e => e.value), document.documentElement.outerHTML].filter(s => /private|Ada|one-person/.test(s))`).([]any); len(got) > 0 {
			t.Errorf("who comes next sees %q", got)
		}
		w.quiet("401")
	}
}

func TestATabThatNobodySeesGivesItsStreamUp(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "unseen@example.com")
	// As a tab is that was opened behind another one; and the time until it gives up is short,
	// but longer than a page waits for its stream before it reads the list without.
	if _, err := chromedp.Call(w.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		window.seen = 'hidden'; Object.defineProperty(document, 'visibilityState', { get: () => window.seen })
		window.streams = []
		{ const real = window.fetch; window.fetch = (url, init) => { if (url.endsWith('/events')) streams.push(init.signal); return real(url, init) } }
		{ const real = window.setTimeout; window.setTimeout = (what, ms) => real(what, what.name === 'stop' && ms === 5_000 ? 1_500 : ms) }
	`}); err != nil {
		t.Fatal(err)
	}
	w.reload()
	w.shows("Nothing to do yet")
	w.until(`streams.length > 0 && streams.every(s => s.aborted)`)
	w.fetch("POST", "/api/proxy/me/tasks", `{"title":"meanwhile"}`)
	w.js(`(window.seen = 'visible', document.dispatchEvent(new Event('visibilitychange')))`)
	w.lists("meanwhile")
	w.until(`streams.some(s => !s.aborted)`)
	// It does not wait when another tab starts and needs a connection.
	one := a.beside(t, w, "/tasks")
	one.lists("meanwhile")
	if w.js(`streams.some(s => !s.aborted)`) == false {
		t.Error("a tab that is seen has given its stream up")
	}
	w.js(`window.seen = 'hidden'`)
	two := a.beside(t, w, "/tasks")
	two.lists("meanwhile")
	w.until(`streams.every(s => s.aborted)`)
	w.js(`(window.seen = 'visible', document.dispatchEvent(new Event('visibilitychange')))`)
	w.until(`streams.some(s => !s.aborted)`)
	for _, each := range []*window{w, one, two} {
		each.quiet()
	}
}
