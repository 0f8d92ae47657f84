package e2e

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

func TestUnsentTextIsNotLostWithoutAQuestion(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "unsent@example.com")
	all := []string{"one", "two", "three", "four", "five"}
	for _, title := range slices.Backward(all) {
		w.add(title)
	}
	w.saved()
	var asked atomic.Int32
	questions := chromedp.Events(w.ctx, page.JavascriptDialogOpening)
	go func() {
		for _, err := range questions {
			if err != nil {
				return // the tab is closed
			}
			_, _ = chromedp.Call(w.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: false})
			asked.Add(1)
		}
	}()
	isAsked := func() {
		t.Helper()
		before := asked.Load()
		w.do(evaluate(`window.same = true; setTimeout(() => location.reload())`))
		for end := time.Now().Add(patience); asked.Load() == before; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("nobody is asked")
			}
		}
		w.until(`window.same`)
	}
	isNotAsked := func() {
		t.Helper()
		before := asked.Load()
		w.reload()
		w.lists(all...)
		if asked.Load() != before || w.js(`window.same`) != nil {
			t.Error("the page asks when there is nothing to lose")
		}
	}
	isNotAsked()
	w.fill("New task", "half a th")
	isAsked()
	w.press("Log out")
	w.shows("Your typed text is not saved yet. It is lost when you log out.")
	w.press("Stay")
	w.fill("New task", "")
	isNotAsked()
	w.press("Edit", "one")
	isNotAsked()
	w.press("Edit", "one")
	w.fill("Description", "words")
	isAsked()
	w.fill("Title", "") // which cannot be saved
	w.press("Edit", "two")
	w.shows("“” is not saved.") // the notice offers the text until it is edited or dismissed
	w.press("Cancel")
	for _, title := range all[1:] {
		w.press("Delete", title)
	}
	w.lists("one")
	for range all[1:] {
		w.do(chromedp.KeyEvent("z", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	}
	w.lists(all...)
	isAsked()
	w.press("Dismiss")
	isNotAsked()
	// A browser still sends a short request after the page is closed, but not a long one. That one is kept
	// and sent by the next page, if the storage has room.
	hold := `window.fetch = (url, init) => init?.method === 'PUT' ? (window.held = true, new Promise(() => {})) : window.real(url, init); null`
	w.do(evaluate(`window.real = window.fetch; ` + hold))
	w.press("Edit", "one")
	w.fill("Description", "short")
	w.press("Save")
	w.until(`window.held`)
	isNotAsked()
	w.do(evaluate(`window.real = window.fetch; ` + hold))
	w.press("Edit", "one")
	w.fill("Description", strings.Repeat("long ", 1000))
	w.press("Save")
	w.until(`window.held`)
	isNotAsked()
	w.until(`document.querySelector('.description')?.textContent.startsWith('long')`)
	w.saved()
	w.do(evaluate(`Storage.prototype.setItem = () => { window.full = true; throw new DOMException('full', 'QuotaExceededError') }; window.real = window.fetch; ` + hold))
	w.press("Edit", "one")
	w.fill("Description", strings.Repeat("more ", 1000))
	w.press("Save")
	w.until(`window.held && window.full`)
	isAsked()
	w.quiet()
}

// TestADeletionCanBeUndone: a deletion is final when the page is closed.
func TestADeletionCanBeUndone(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "undo@example.com")
	for _, title := range []string{"one", "two", "three"} {
		w.add(title)
	}
	w.saved()
	w.press("Delete", "two")
	w.lists("three", "one")
	w.until(`document.activeElement.closest('li')?.textContent.includes('one')`) // the focus has somewhere to be
	w.press("Undo")
	w.lists("three", "two", "one")
	w.press("Delete", "two")
	w.press("Delete", "three")
	w.lists("one")
	undo := func() {
		t.Helper()
		w.do(chromedp.KeyEvent("z", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	}
	undo() // however far away the notice is
	w.lists("three", "one")
	undo()
	w.lists("three", "two", "one")
	undo()
	w.press("Delete", "one")
	w.lists("three", "two")
	w.open(a.bff + "/account")
	w.shows("This device")
	// The page that is closed sends it and does not wait for the answer.
	got := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = w.fetch("GET", "/api/proxy/me/tasks", ""); !strings.Contains(got, `"one"`) {
			break
		}
	}
	if strings.Contains(got, `"one"`) || !strings.Contains(got, `"two"`) {
		t.Errorf("got %s, want one deleted", got)
	}
	w.press("Tasks")
	w.lists("three", "two")
	w.js(`window.inAHurry = true`)
	w.press("Delete", "two")
	w.js(`document.querySelector('.toast [aria-label=Dismiss]').focus()`)
	w.do(chromedp.Sleep(6500 * time.Millisecond))
	w.press("Undo") // the offer stays while it has the focus
	w.lists("three", "two")
	w.quiet()
}
