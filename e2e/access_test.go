package e2e

import (
	"bytes"
	"image/color"
	"image/png"
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
	// The computed style has the colours from before they are forced, so a picture is looked at.
	shot, err := w.engine.screenshot()
	w.must(err)
	picture, err := png.Decode(bytes.NewReader(shot))
	w.must(err)
	for _, group := range []string{".bar nav", ".filters"} {
		var colors []color.Color
		for _, link := range w.js(`[...document.querySelectorAll('` + group + ` a')].sort((a, b) => (b.ariaCurrent ? 1 : 0) - (a.ariaCurrent ? 1 : 0)).map(a => a.getBoundingClientRect()).map(r => [r.left + 5, r.top + r.height / 2])`).([]any) {
			at := link.([]any)
			colors = append(colors, picture.At(int(at[0].(float64)), int(at[1].(float64))))
		}
		if len(colors) < 2 || colors[0] == colors[1] {
			t.Errorf("%s: got the backgrounds %v, want another one for the current link, the first", group, colors)
		}
	}
	w.quiet()
}

// TestRowsAndSkipLinkHaveNames: a list of all buttons says which task each is for, and the
// first stop of the keyboard leads past the header.
func TestRowsAndSkipLinkHaveNames(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	for _, w := range a.signedUpInBoth(t, "names") {
		w.add("Buy milk")
		w.add("Call Ada")
		w.lists("Call Ada", "Buy milk")
		w.saved()
		for _, button := range []string{"Edit Buy milk", "Delete Buy milk", "Edit Call Ada", "Delete Call Ada"} {
			w.names("button", button)
		}
		w.names("checkbox", "Buy milk")
		// The first link is the skip link, and with the focus it lies over the header.
		w.inFront(`(document.querySelector('a').focus(), [nameOf(document.activeElement), document.elementFromPoint(40, 25)?.textContent].every(text => text === 'Skip to the content'))`)
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
		w.until(`document.activeElement.matches('[data-act=edit]')`) // the row with the focus always exists
		// Rows far below the window must exist too, or the keyboard would not find them.
		w.js(`(document.activeElement.blur(), document.querySelector('.add').style.marginTop = '3000px', scrollTo(0, 0), dispatchEvent(new Event('scroll')), 0)`)
		_, err := w.engine.evaluate(`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(''))))`)
		w.must(err)
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
