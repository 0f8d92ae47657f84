package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// TestForcedColorsShowWhereOneIs: with the colours of the system alone, backgrounds are gone,
// and the current page and filter must still be seen.
func TestForcedColorsShowWhereOneIs(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "forced-colors@example.com")
	w.media(&emulation.MediaFeature{Name: "forced-colors", Value: "active"})
	w.until(`matchMedia('(forced-colors: active)').matches`)
	for _, group := range []string{".bar nav", ".filters"} {
		got := w.js(`(group => [...group.querySelectorAll('a')].map(a => [a.ariaCurrent !== null, getComputedStyle(a).backgroundColor, getComputedStyle(a).color]))(document.querySelector('` + group + `'))`).([]any)
		current, other := got[0].([]any), got[1].([]any)
		if current[0] != true || other[0] != false || current[1] == other[1] || current[1] == current[2] {
			t.Errorf("%s: got %v (current, background, text), want another background for the current one", group, got)
		}
	}
	w.quiet()
}

// TestRowsAndSkipLinkHaveNames: a list of all buttons says which task each is for, and the
// first stop of the keyboard leads past the header.
func TestRowsAndSkipLinkHaveNames(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	for name, w := range map[string]*window{"chromium": a.device(t, "/signup"), "firefox": a.firefox(t, "/signup")} {
		w.signUp("names-" + name + "@example.com")
		w.add("Buy milk")
		w.add("Call Ada")
		w.lists("Call Ada", "Buy milk")
		w.saved()
		for _, button := range []string{"Edit Buy milk", "Delete Buy milk", "Edit Call Ada", "Delete Call Ada"} {
			w.names("button", button)
		}
		w.names("checkbox", "Buy milk")
		w.js(`(document.querySelector('a').focus(), 0)`)
		if got := w.js(`[nameOf(document.activeElement), document.elementFromPoint(40, 25)?.textContent]`).([]any); got[0] != "Skip to the content" || got[1] != got[0] {
			t.Errorf("%s: the first link is %q, and over the header is %q; want the skip link", name, got[0], got[1])
		}
		w.enter()
		w.until(`document.activeElement.matches('h1') && location.hash === '' && document.querySelector('.skip').matches(':not(:focus)')`)
		w.quiet()
	}
}

// TestLargeTextFitsOnAPhone: a person may have twice the usual size of text, and scrolls
// in one direction only (WCAG 1.4.4, 1.4.10).
func TestLargeTextFitsOnAPhone(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	for name, w := range map[string]*window{"chromium": a.device(t, "/signup"), "firefox": a.firefox(t, "/signup")} {
		w.resize(360, 740)
		fits := func(page string) {
			t.Helper()
			w.js(`(document.documentElement.style.fontSize = '32px', 0)`)
			w.until(`innerWidth === 360`)
			for _, wide := range w.js(`[...document.querySelectorAll('html, header *, main *, dialog, dialog *')].filter(e => !e.matches('.unseen, select, option, svg *') && !e.closest('.skip') &&
				(e.getBoundingClientRect().right > 360.5 || e.getBoundingClientRect().left < -.5 && getComputedStyle(e).position !== 'absolute' || e.matches('html, dialog') && e.scrollWidth > e.clientWidth)).map(e => e.outerHTML.slice(0, 80) + ' ' + e.getBoundingClientRect().right)`).([]any) {
				t.Errorf("%s, %s: %v is too wide", name, page, wide)
			}
		}
		fits("sign-up")
		w.js(`(document.documentElement.style.fontSize = '', 0)`)
		w.signUp("large-" + name + "@example.com")
		w.add("Buy bread, olives and a lemon for Donaudampfschifffahrtsgesellschaft")
		w.lists("Buy bread, olives and a lemon for Donaudampfschifffahrtsgesellschaft")
		w.saved()
		fits("tasks")
		w.press("Edit", "Buy bread")
		w.until(`named('textarea', 'Title')`)
		fits("a task")
		w.press("Cancel")
		// Rows far below the window must exist too, or the keyboard would not find them.
		w.js(`(document.querySelector('h1').style.marginTop = '3000px', scrollTo(0, 0), dispatchEvent(new Event('scroll')), 0)`)
		w.press("Edit", "Buy bread")
		w.press("Account")
		w.shows("This device")
		fits("account")
		w.press("Delete account…")
		w.shows("Delete your account?")
		fits("deletion")
		w.quiet()
	}
}
