package e2e

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// rowButtons are the buttons of rows that can be seen.
const rowButtons = `[...document.querySelectorAll('.task .square')].filter(e => e.checkVisibility({ opacityProperty: true })).map(nameOf).join()`

// TestRowButtonsComeWhenTheyAreWanted: under the pointer, or with the focus. A headless
// Chromium has no mouse, so this is tried in Firefox.
func TestRowButtonsComeWhenTheyAreWanted(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUpInFirefox(t, "row-buttons@example.com")
	w.add("Buy milk")
	w.lists("Buy milk")
	w.saved()
	hover := func(css string) {
		t.Helper()
		at := w.js(`(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector(` + quoted(css) + `).getBoundingClientRect())`).([]any)
		w.must(w.engine.(*firefoxTab).perform(params{"type": "pointer", "id": "mouse"}, []params{
			{"type": "pointerMove", "x": math.Round(at[0].(float64)), "y": math.Round(at[1].(float64))},
		}))
	}
	hover("h1")
	w.until(rowButtons + ` === ''`)
	hover(".title")
	w.until(rowButtons + ` === 'Edit,Delete'`)
	hover("h1")
	w.until(rowButtons + ` === ''`)
	w.inFront(`(document.querySelector('.task input').focus(), ` + rowButtons + ` === 'Edit,Delete')`)
	w.quiet()
}

// inFront waits until a condition is true in the window, which is in front of the others then.
// In Firefox an element has :focus only there, and another test may open a window at any time.
func (w *window) inFront(condition string) {
	w.Helper()
	f, isFirefox := w.engine.(*firefoxTab)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if isFirefox {
			w.must(f.call("browsingContext.activate", params{"context": f.id}, nil))
		}
		if w.js(`Boolean(`+condition+`)`) == true {
			return
		}
	}
	w.Fatalf("still false after %v in front: %s", patience, condition)
}

// mouseIs makes the page look as it does with a mouse, or without. Without a window Chromium
// has none, and no setting gives it one.
func (w *window) mouseIs(there bool) {
	w.Helper()
	media := map[bool]string{true: "all", false: "not all"}[there]
	w.js(`void (globalThis.mouseRules ??= [...document.styleSheets].flatMap(s => [...s.cssRules]).filter(r => r.conditionText === '(hover: hover)')).forEach(r => (r.media.mediaText = ` + quoted(media) + `))`)
	w.until(`globalThis.mouseRules.length > 0`)
}

// TestATouchDeviceHasAButtonForMore: a finger does not hover.
func TestATouchDeviceHasAButtonForMore(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "row-touch@example.com")
	w.add("Buy milk")
	w.lists("Buy milk")
	w.saved()
	_, err := chromedp.Call(w.ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true})
	w.must(err)
	w.until(rowButtons + ` === 'More'`)
	w.names("button", "More Buy milk")
	const place = `named('button', 'More').getBoundingClientRect().right`
	before := w.js(place)
	w.press("More", "Buy milk")
	w.until(rowButtons + ` === 'More,Edit,Delete' && document.activeElement.ariaExpanded === 'true'`)
	if after := w.js(place); after != before {
		t.Errorf("More moves from %v to %v px, so a second tap hits another button", before, after)
	}
	w.press("More", "Buy milk")
	w.until(rowButtons + ` === 'More'`)
	// Who uses a keyboard with such a device needs no More.
	w.js(`void document.querySelector('.add textarea').focus()`)
	for range 20 {
		w.do(chromedp.KeyEvent("\t"))
		if w.js(`document.activeElement.matches('.task input')`) == true {
			break
		}
	}
	w.until(rowButtons + ` === 'More,Edit,Delete'`)
	for range 3 { // past More and Edit
		w.do(chromedp.KeyEvent("\t"))
	}
	w.until(`nameOf(document.activeElement) === 'Delete'`)
	w.enter()
	w.lists()
	w.quiet()
}

// TestRowsMoveToTheirNewPlaces instead of jumping, unless the person wants calm.
func TestRowsMoveToTheirNewPlaces(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "moves@example.com")
	w.moves()
	for _, title := range []string{"a", "b", "c"} {
		w.add(title)
	}
	w.lists("c", "b", "a")
	w.saved()
	w.do(evaluate(`window.moved = []; { const real = Element.prototype.animate; Element.prototype.animate = function (...how) { moved.push(this.textContent); return real.apply(this, how) } }`))
	order := func(name string) {
		w.js(`(e => { e.value = ` + quoted(name) + `; e.dispatchEvent(new Event('change', { bubbles: true })) })(document.querySelector('select'))`)
	}
	order("title")
	w.lists("a", "b", "c")
	w.until(`moved.join() === 'c,a' || moved.join() === 'a,c'`) // b is where it was
	w.js(`(scrollBy(0, 100), moved.length = 0)`)
	w.press("Delete", "a")
	w.lists("b", "c")
	w.until(`moved.join() === 'b,c' && document.getAnimations().every(a => a.playState !== 'running' || a.effect.target.closest('.toasts'))`)
	w.media(&emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"})
	w.js(`moved.length = 0`)
	order("newest")
	w.lists("c", "b")
	if got := w.js(`moved`).([]any); len(got) > 0 {
		t.Errorf("%v move for a person who wants less motion", got)
	}
	w.quiet()
}

// TestWhatIsImportantStandsOut: titles are stronger than labels, with two weights, and one focus
// ring; and a phone shows the first task in the first third.
func TestWhatIsImportantStandsOut(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	for name, w := range a.signedUpInBoth(t, "looks") {
		w.add("Buy milk")
		w.add("Call Ada")
		w.lists("Call Ada", "Buy milk")
		w.saved()
		w.press("Edit", "Call Ada")
		w.until(`named('textarea', 'Title')`)
		weights := w.js(`[...new Set([...document.querySelectorAll('#app *')].filter(e => e.checkVisibility()).map(e => getComputedStyle(e).fontWeight))].sort()`)
		title := w.js(`[getComputedStyle(document.querySelector('.title')).fontWeight, getComputedStyle(document.querySelector('label')).fontWeight]`)
		if fmt.Sprint(weights, title) != "[400 600] [600 400]" {
			t.Errorf("%s: got the weights %v, and %v for a title and a label", name, weights, title)
		}
		w.inFront(`(window.rings = [...new Set([...document.querySelectorAll('a, button, input, textarea, select')].filter(e => seen(e) && !e.matches('.skip')).map(e => {
			e.focus({ focusVisible: true })
			const s = getComputedStyle(e.matches('.box > *') && !e.matches('button') ? e.parentElement : e)
			return [s.outlineStyle, s.outlineWidth, s.outlineOffset, s.outlineColor].join(' ')
		}))]).some(ring => ring.startsWith('solid'))`)
		if rings := w.js(`rings`).([]any); len(rings) != 1 {
			t.Errorf("%s: got the focus rings %q, want one", name, rings)
		}
		w.press("Cancel")
		w.resize(360, 740)
		w.until(`innerWidth === 360 && document.querySelectorAll('.task').length === 2`)
		if top := w.js(`(scrollTo(0, 0), document.querySelector('.tasks > li').getBoundingClientRect().top)`).(float64); top > 740/3 {
			t.Errorf("%s: a phone shows the first task at %v px, want it in the first third", name, top)
		}
		w.quiet()
	}
}
