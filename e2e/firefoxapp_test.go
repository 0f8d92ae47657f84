package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// TestFirefoxHasTheTasks: the tasks work in a second engine, from the sign-up to the undo.
func TestFirefoxHasTheTasks(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.firefox(t, "/signup")
	w.signUp("firefox@example.com")
	w.press("All 0")
	w.until(`location.search === '?show=all'`)
	w.add("Buy milk")
	w.lists("Buy milk")
	w.saved()
	w.press("Edit", "Buy milk")
	w.fill("Title", "Buy oat milk")
	w.fill("Description", "two litres")
	w.press("Save")
	w.lists("Buy oat milk")
	w.saved()
	w.shows("two litres")
	w.add("قائمة المهام")
	w.lists("قائمة المهام", "Buy oat milk")
	w.saved()
	if got := w.js(`[...document.querySelectorAll('.title')].map(e => (r => (r.selectNodeContents(e), r.getBoundingClientRect().left > e.getBoundingClientRect().left + 100))(document.createRange()))`); fmt.Sprint(got) != "[true false]" {
		t.Errorf("got %v for whether the Arabic and the English title stand at the right, want true and false", got)
	}
	w.press("Delete", "قائمة المهام")
	w.lists("Buy oat milk")
	w.press("Dismiss") // there is to be one Undo only
	w.until(`!document.querySelector('.toast')`)
	w.press("Buy oat milk")
	w.until(`named(pressable, 'Buy oat milk').checked`)
	w.saved()
	w.press("Delete", "Buy oat milk")
	w.shows("Nothing to do yet")
	w.press("Undo")
	w.lists("Buy oat milk")
	w.reload()
	w.lists("Buy oat milk")
	w.until(`named(pressable, 'Buy oat milk').checked`)
	w.press("Delete", "Buy oat milk")
	w.reload() // which does what could be undone
	w.shows("Nothing to do yet")
	w.press("Log out")
	w.until(`location.pathname === '/login'`)
	w.quiet()
}

// TestFirefoxTabsShowChangesAtOnce: Firefox lets an identical GET wait for up to 20 s while
// another one is still answered, unless the request says that nothing is stored.
func TestFirefoxTabsShowChangesAtOnce(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	one := a.signedUpInFirefox(t, "firefox-tabs@example.com")
	last := "from one"
	one.add(last)
	one.saved()
	// The least of several counts, each in a tab that was just opened: what is beside this on
	// the machine only adds to it.
	var took []time.Duration
	for begun := time.Now(); len(took) == 0 || slices.Min(took) > time.Second && time.Since(begun) < waittest.Patience/2; {
		two := a.beside(t, one, "/tasks")
		two.until(`titles()[0] === ` + quoted(last))
		last = fmt.Sprintf("change %d", len(took))
		one.add(last)
		one.saved()
		changed := time.Now()
		two.until(`titles()[0] === ` + quoted(last))
		took = append(took, time.Since(changed).Round(time.Millisecond))
		two.quiet()
		two.engine.(*firefoxTab).close()
	}
	t.Logf("the other tab shows a change after %v", took)
	if least := slices.Min(took); least > time.Second {
		t.Errorf("the other tab shows a change after %v at best, want at most a second", least)
	}
	one.quiet()
}

// TestFirefoxKeepsTypedTextWhenTheSessionEnds: it was revoked elsewhere while somebody types.
func TestFirefoxKeepsTypedTextWhenTheSessionEnds(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUpInFirefox(t, "firefox-expiry@example.com")
	w.add("Buy milk")
	w.saved()
	w.press("Edit", "Buy milk")
	w.fill("Description", "two litres, half ty")
	other := newBrowser(t, a.bff)
	other.want(other.send("POST", a.bff+"/api/auth/login", `{"email":"firefox-expiry@example.com","password":"paper-lantern-42"}`), 200, "firefox-expiry")
	other.want(other.send("POST", a.bff+"/api/auth/revoke-other-sessions", "{}"), 200, "")
	w.shows("Session expired. Please log in again.")
	w.until(`document.activeElement.type === 'password'`)
	w.logIn("", "paper-lantern-42")
	w.until(`!document.querySelector('dialog') && named('textarea', 'Description').value === 'two litres, half ty'`)
	w.fill("Description", "two litres")
	w.press("Save")
	w.saved()
	other.want(other.send("GET", a.bff+"/api/proxy/me/tasks", ""), 200, `"description":"two litres"`)
	w.quiet()
}

// TestFirefoxHasTheAccount: name, password, devices, the question for a password, deletion.
func TestFirefoxHasTheAccount(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUpInFirefox(t, "firefox-account@example.com")
	w.press("Account")
	w.shows("Firefox on Linux")
	w.fill("Name", "Augusta")
	w.press("Save name")
	w.shows("Your name is saved.")
	device := newBrowser(t, a.bff)
	device.want(device.send("POST", a.bff+"/api/auth/login", `{"email":"firefox-account@example.com","password":"paper-lantern-42"}`), 200, "")
	w.reload()
	w.until(`document.querySelectorAll('.devices li').length === 2`)
	a.forgetProofs(t, "firefox-account@example.com")
	w.press("Log out all other devices")
	w.shows("Confirm that it is you")
	w.fill("Password", "paper-lantern-42")
	w.press("Confirm")
	w.until(`document.querySelectorAll('.devices li').length === 1`)
	w.fill("Current password", "paper-lantern-42")
	w.fill("New password", "seven green umbrellas")
	w.press("Change password")
	w.shows("Your password is changed.")
	w.press("Delete account…")
	w.fill("Password", "seven green umbrellas")
	w.press("Delete account")
	w.until(`location.pathname === '/signup' && text().includes('Your account is deleted.')`)
	w.quiet()
}
