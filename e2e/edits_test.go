package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func TestTheSlowerEditorSeesBothVersions(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "conflict@example.com")
	w.open(a.bff + "/tasks?show=all")
	w.add("draft")
	w.saved()
	w.press("Edit", "draft")
	w.fill("Title", "mine")
	theirs := func(body string) {
		t.Helper()
		id := regexp.MustCompile(`"id":(\d+)`).FindStringSubmatch(w.fetch("GET", "/api/proxy/me/tasks", ""))[1]
		if got := w.fetch("PATCH", "/api/proxy/me/tasks/"+id, body); !strings.HasPrefix(got, "200") {
			t.Fatal(got)
		}
	}
	theirs(`{"title":"theirs"}`)
	w.shows("This task was changed elsewhere.")
	w.until(`document.querySelector('.conflict .title').textContent === 'theirs' && named('textarea', 'Title').value === 'mine'`)
	w.press("Account")
	w.shows("Your text of “mine” is not saved: the task was changed elsewhere.")
	w.press("Show both")
	w.until(`document.querySelector('.conflict .title')?.textContent === 'theirs' && named('textarea', 'Title').value === 'mine'`)
	w.press("Save mine")
	w.lists("mine")
	w.saved()
	// The same without the stream, which is deaf now.
	w.do(evaluate(`{ const real = window.fetch; window.fetch = async (url, init) => {
		if (init?.method === 'PUT') { window.held = true; await new Promise(done => window.release = done) }
		return real(url, init)
	} }`))
	w.press("Edit", "mine")
	w.fill("Title", "mine again")
	w.press("Save")
	w.until(`window.held`)
	theirs(`{"title":"theirs again"}`)
	w.js(`window.release()`)
	w.until(`document.querySelector('.conflict .title')?.textContent === 'theirs again' && named('textarea', 'Title').value === 'mine again'`)
	w.press("Keep theirs")
	w.lists("theirs again")
	w.press("All 1") // a done task is folded soon
	// A change that is not of the text is no conflict.
	w.js(`window.held = false`)
	w.press("Edit", "theirs again")
	w.fill("Title", "ours")
	w.press("Save")
	w.until(`window.held`)
	theirs(`{"completed":true}`)
	w.js(`(window.held = false, window.release())`)
	w.until(`window.held`)
	w.js(`window.release()`)
	w.lists("ours")
	w.saved()
	w.until(`named(pressable, 'ours').checked`)
	// Deleted while it is edited: the text is kept.
	w.press("Edit", "ours")
	w.fill("Title", "ours, still")
	id := regexp.MustCompile(`"id":(\d+)`).FindStringSubmatch(w.fetch("GET", "/api/proxy/me/tasks", ""))[1]
	w.fetch("DELETE", "/api/proxy/me/tasks/"+id, "")
	w.shows("“ours” was deleted elsewhere.")
	w.press("Add it again")
	w.lists("ours, still")
	w.saved()
	w.quiet("412")
}

// TestASecondEditLosesNothing: an unsaved text is not lost when the user edits another task.
func TestASecondEditLosesNothing(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "edits@example.com")
	w.add("one")
	w.add("two")
	w.saved()
	w.press("Edit", "one")
	w.fill("Title", "one, changed")
	w.press("Edit", "two")
	w.until(`named('textarea', 'Title').value === 'two'`)
	w.lists("two", "one, changed")
	w.saved()
	w.fill("Title", "") // which cannot be saved
	w.press("Save")
	w.shows("A task needs a title.")
	w.until(`document.activeElement === named('textarea', 'Title')`)
	w.fill("Description", strings.Repeat("x", 10_001))
	w.do(chromedp.Sleep(50 * time.Millisecond))
	w.until(`document.activeElement === named('textarea', 'Description')`) // the other field's complaint leaves them there
	w.fill("Title", "two")
	w.press("Save")
	w.shows("A description has at most 10 000 characters; this one has 10 001.")
	w.until(`document.activeElement === named('textarea', 'Description')`)
	w.fill("Description", "words")
	w.fill("Title", "")
	w.press("Edit", "one, changed")
	w.until(`named('textarea', 'Title').value === 'one, changed'`)
	w.js(`[...document.querySelectorAll('.toast button')].find(e => e.textContent === 'Edit').click()`)
	w.until(`named('textarea', 'Title').value === '' && named('textarea', 'Description').value === 'words'`)
	w.press("Cancel")
	// An answer that is slower than the news that the task is gone.
	w.do(evaluate(`{ const real = window.fetch; window.fetch = async (url, init) => {
		const answer = await real(url, init)
		if (init?.method === 'PUT') { window.held = true; await new Promise(done => window.release = done) }
		return answer
	} }`))
	w.press("two")
	w.until(`window.held`)
	id := regexp.MustCompile(`"id":(\d+),[^}]*"title":"two"`).FindStringSubmatch(w.fetch("GET", "/api/proxy/me/tasks", ""))[1]
	w.fetch("DELETE", "/api/proxy/me/tasks/"+id, "")
	w.lists("one, changed")
	w.js(`window.release()`)
	w.add("three")
	w.saved()
	w.lists("three", "one, changed")
	w.quiet()
}
