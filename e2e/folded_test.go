package e2e

import "testing"

// TestDoneTasksAreFolded: a completed task leaves the open ones after a moment, is found below
// them, and all of them are deleted at once, with one Undo.
func TestDoneTasksAreFolded(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "folded@example.com")
	for _, title := range []string{"c", "b", "a"} {
		w.add(title)
	}
	w.saved()
	w.js(`named('input[type=checkbox]', 'a').focus()`)
	w.press("a")
	w.lists("b", "c")
	w.until(`document.activeElement === named('input[type=checkbox]', 'b')`) // the keyboard goes on there
	w.press("b")
	w.lists("c")
	w.press("2 done")
	w.until(`[...document.querySelectorAll('.tasks[aria-label="Done tasks"] .title')].map(e => e.textContent).join() === 'a,b'`)
	w.press("b") // open again
	w.press("1 done")
	w.lists("b", "c")
	w.press("b")
	w.lists("c")
	w.press("Clear done")
	w.shows("Deleted 2 done tasks.")
	w.until(`!named('button', 'Clear done')`)
	w.press("Undo")
	w.press("Done 2")
	w.lists("a", "b")
	w.press("Clear done")
	w.shows("Nothing is done yet.")
	w.press("Dismiss") // ends the offer
	w.press("All 1")
	w.lists("c")
	if got := w.js(`[...document.querySelectorAll('.controls > *')].map(e => Math.round(e.getBoundingClientRect().height)).join(' ')`); got != "44 44 44" {
		t.Errorf("the controls have the heights %v", got)
	}
	// Among all tasks a done one stays where it is, and so does the focus.
	w.js(`void (real => (window.setTimeout = (what, ms, ...more) => real(ms === 2_500 ? () => (what(), window.over = true) : what, ms, ...more)))(window.setTimeout)`)
	w.add("d")
	w.lists("d", "c")
	w.saved()
	w.press("c")
	w.until(`window.over`)
	if got := w.js(`nameOf(document.activeElement)`); got != "c" {
		t.Errorf("the focus goes from c to %v", got)
	}
	w.press("c")
	w.saved()
	// Many are a question first.
	w.js(`void Promise.all(Array.from({ length: 21 }, (_, i) => fetch('/api/proxy/me/tasks', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ title: 'done ' + i, completed: true }) })))`)
	w.press("Done 21")
	w.press("Clear done")
	w.shows("Delete 21 done tasks?")
	w.press("Keep them")
	w.press("Clear done")
	w.press("Delete them")
	w.shows("Nothing is done yet.")
	w.until(`document.activeElement.matches('h1')`) // the button that had the focus is gone
	w.press("Dismiss")
	w.until(`!document.querySelector('.toast')`)
	w.quiet()
}
