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
	one := a.firefox(t, "/signup")
	one.signUp("firefox-tabs@example.com")
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
