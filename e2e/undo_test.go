package e2e

import (
	"slices"
	"strings"
	"testing"

	"vestibule/internal/waittest"
)

// focusIn is the title of the row that has the focus.
const focusIn = `document.activeElement.closest('.tasks > li')?.querySelector('.title')?.textContent`

// notices are the texts of all notices.
const notices = `[...document.querySelectorAll('.toast-text')].map(e => e.textContent).join('|')`

// TestACompletionCanBeUndone: with the notice, with a second click and with Ctrl+Z, in both
// engines.
func TestACompletionCanBeUndone(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	for name, w := range a.signedUpInBoth(t, "completion") {
		w.press("All 0")
		for _, title := range []string{"one", "two", "three"} {
			w.add(title)
		}
		w.lists("three", "two", "one")
		w.saved()
		done := func(titles string) {
			t.Helper()
			w.until(`[...document.querySelectorAll('.done .title')].map(e => e.textContent).join() === ` + quoted(titles))
			waittest.Until(t, name+": the server has as done: "+titles, func() bool {
				got := w.fetch("GET", "/api/proxy/me/tasks?completed=true", "")
				return !slices.ContainsFunc([]string{"one", "two", "three"}, func(title string) bool {
					return strings.Contains(titles, title) != strings.Contains(got, quoted(title))
				})
			})
		}
		w.press("two")
		done("two") // it is sent at once
		w.press("Undo")
		done("")
		w.until(focusIn + ` === 'two'`)
		// The second click needs no offer, and takes the first one back.
		w.press("two")
		w.until(notices + ` === 'Completed “two”.'`)
		w.press("two")
		w.until(notices + ` === ''`)
		done("")
		w.ctrl("z")
		done("")
		// Of many, one notice is shown, and all can be undone.
		w.press("one")
		w.press("two")
		w.press("three")
		w.until(notices + ` === 'Completed “three”.'`)
		done("three,two,one")
		w.ctrl("z")
		done("two,one")
		w.until(focusIn + ` === 'three' && ` + notices + ` === ''`)
		w.press("Delete", "one")
		w.lists("three", "two")
		w.ctrl("z") // the latest of both kinds
		w.lists("three", "two", "one")
		w.until(focusIn + ` === 'one'`)
		w.ctrl("z")
		done("one")
		// A text field has its own undo.
		w.fill("New task", "half ty")
		w.ctrl("z")
		w.until(`named('textarea', 'New task').value === ''`)
		done("one")
		// What comes back outside the list is named.
		w.press("Done 1")
		w.lists("one")
		w.until(`document.activeElement.matches('a')`)
		w.ctrl("z")
		w.lists()
		w.shows("“one” is open again, and not in this list.")
		done("")
		w.press("Open 3")
		w.press("two") // it stays in its place for a moment, crossed out
		w.until(`row('two').querySelector('.done')`)
		w.press("Undo")
		w.until(`!row('two').querySelector('.done') && ` + focusIn + ` === 'two'`)
		done("")
		w.press("two")
		w.lists("three", "one")
		w.press("Undo")
		w.lists("three", "two", "one")
		w.until(focusIn + ` === 'two'`)
		// On another page nobody would see what happens, once the notice is gone.
		w.press("three")
		w.lists("two", "one")
		w.press("Account")
		w.shows("This device")
		w.ctrl("z")
		w.until(`!(` + notices + `).includes('Completed')`)
		w.ctrl("z")
		w.press("Tasks")
		w.lists("three", "two", "one")
		done("")
		w.quiet()
	}
}

// TestUndoLeavesTheChangesOfOthersAlone: only what is still as this page has left it is undone.
func TestUndoLeavesTheChangesOfOthersAlone(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "undo-others@example.com")
	w.press("All 0")
	w.add("one")
	w.add("two")
	w.lists("two", "one")
	w.saved()
	w.press("one")
	w.press("two")
	w.until(`named('a', 'Done 2')`)
	w.saved()
	other := a.beside(t, w, "/tasks?show=all")
	other.lists("two", "one")
	other.press("two")
	w.until(`named('a', 'Done 1')`)
	w.ctrl("z") // not two, which is open already
	w.until(`named('a', 'Done 0')`)
	other.until(`named('a', 'Done 0')`)
	w.press("Delete", "one")
	w.lists("two")
	w.press("two")
	w.until(`named('a', 'Done 1')`)
	w.press("Log out")
	w.until(`location.pathname === '/login'`)
	w.logIn("undo-others@example.com", "paper-lantern-42")
	w.press("All 1")
	w.lists("two")
	w.ctrl("z") // nothing of before the log-out
	w.add("three")
	w.lists("three", "two")
	w.saved()
	w.until(`named('a', 'Done 1')`)
	w.quiet()
	other.quiet()
}
