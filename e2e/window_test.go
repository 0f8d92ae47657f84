package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// window is a page of the app. The test uses it as people do: it finds things by their
// names, clicks with the mouse and types on the keyboard.
type window struct {
	*tab
	engine engine
	origin string
	busy   int // how often the server has refused a form because too many passwords were computed
}

// inPage are the functions that find things in a page. They find only visible things that
// can be used.
const inPage = `
const seen = e => e.ariaDisabled !== 'true' && e.checkVisibility({ visibilityProperty: true }) && !e.closest('[inert]') && (!document.querySelector('dialog[open]') || e.closest('dialog, .toasts'))
const nameOf = e => (e.getAttribute('aria-label') ?? (e.getAttribute('aria-labelledby') ? document.getElementById(e.getAttribute('aria-labelledby'))?.textContent : e.labels?.[0]?.textContent) ?? e.textContent).trim().replace(/\s+/g, ' ')
const named = (css, name, within) => [...(within ? row(within) ?? document.createElement('p') : document).querySelectorAll(css)].filter(e => seen(e) && nameOf(e) === name)[0]
const row = title => [...document.querySelectorAll('.tasks > li, .devices > li, section')].find(e => seen(e) && (e.querySelector('.title, h2, p')?.textContent ?? '').includes(title))
const pressable = 'button, a, input[type=checkbox]'
const titles = () => [...document.querySelectorAll('.tasks > li')].sort((a, b) => a.ariaPosInSet - b.ariaPosInSet).map(e => e.querySelector('.title, textarea')).map(e => e.value ?? e.textContent)
const text = () => document.body?.innerText ?? ''
`

// logIn fills in the page or the dialog that asks for a log-in.
func (w *window) logIn(email, password string) {
	w.Helper()
	if email != "" {
		w.fill("Email", email)
	}
	w.fill("Password", password)
	w.press("Log in")
}

// js evaluates an expression, which may use the functions of inPage.
func (w *window) js(expression string) any {
	w.Helper()
	got, err := w.engine.evaluate(`(() => {` + inPage + `return JSON.stringify(` + expression + `) ?? 'null' })()`)
	if err != nil {
		w.Fatalf("%s: %v", expression, err)
	}
	var value any
	if err := json.Unmarshal([]byte(got), &value); err != nil {
		w.Fatalf("%s: %s: %v", expression, got, err)
	}
	return value
}

// leave runs a script that leads to another page, after its answer. If the page went first,
// the answer would be lost.
func (w *window) leave(script string) {
	w.Helper()
	w.js(`setTimeout(() => ` + script + `) > 0`)
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// press clicks on a button, a link or a box. within names the row or section that it is in.
// The page may move the thing after its place was read. Then press aims again.
func (w *window) press(name string, within ...string) {
	w.Helper()
	find := pressableNamed(name, within)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		x, y := w.place(name, within...)
		w.js(`(globalThis.missed = true, document.addEventListener('pointerdown', event => { globalThis.missed = !` + find + `?.contains(event.target) }, { capture: true, once: true }))`)
		w.must(w.engine.click(x, y))
		elsewhere := fmt.Sprintf(`(r => r && (%f < r.left || %f > r.right || %f < r.top || %f > r.bottom))(%s?.getBoundingClientRect())`, x, x, y, y, find)
		if w.js(`globalThis.missed === true && Boolean(`+elsewhere+`)`) == false { // also if the click has opened another page, or another thing lies over this one
			return
		}
	}
	w.Fatalf("the mouse has not hit %s", name)
}

func pressableNamed(name string, within []string) string {
	return `named(pressable, ` + quoted(name) + `, ` + quoted(strings.Join(within, "")) + `)`
}

func (w *window) place(name string, within ...string) (x, y float64) {
	w.Helper()
	find := pressableNamed(name, within)
	w.until(find)
	// A notice that covers the thing is closed first.
	w.js(`(e => { e.scrollIntoView({ block: 'center', behavior: 'instant' }); const r = e.getBoundingClientRect(); const over = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2)?.closest('.toast')
		if (over && !over.contains(e)) for (const b of document.querySelectorAll('.toast [aria-label=Dismiss]')) b.click() })(` + find + `)`)
	// The thing must have stopped moving. A page that was just resized is still laid out.
	var at []any
	for end, before := time.Now().Add(patience), []any(nil); ; time.Sleep(20 * time.Millisecond) {
		now, ok := w.js(`(e => { e.scrollIntoView({ block: 'center', behavior: 'instant' }); const r = e.getBoundingClientRect()
			const sliding = [...document.querySelectorAll('.tasks > li')].some(row => row.getAnimations().some(a => a.playState === 'running')) // another row may lie over this one
			return [r.x + r.width / 2, r.y + r.height / 2, sliding] })(` + find + `)`).([]any)
		if !ok || time.Now().After(end) {
			w.Fatalf("no place for %s", name)
		}
		if now[2] == false && slices.Equal(now, before) {
			at = now
			break
		}
		before = now
	}
	return at[0].(float64), at[1].(float64)
}

// fill replaces the content of a field.
func (w *window) fill(label, text string) {
	w.Helper()
	find := `named('input, textarea', ` + quoted(label) + `)`
	w.until(find)
	w.js(`(e => { e.focus(); e.select() })(` + find + `)`)
	w.write(text)
}

// write types at the cursor. "" takes a character away.
func (w *window) write(text string) {
	w.Helper()
	w.must(w.engine.insert(text))
}

func (w *window) add(title string) {
	w.Helper()
	w.fill("New task", title)
	w.enter()
}

// enter presses the Enter key.
func (w *window) enter() {
	w.Helper()
	w.must(w.engine.enter())
}

// scheme is light or dark.
func (w *window) scheme(name string) {
	w.Helper()
	w.media(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: name}, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"})
}

// moves shows motion, which the tests' browsers otherwise do without.
func (w *window) moves() {
	w.Helper()
	w.media(&emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "no-preference"})
	w.until(`!matchMedia('(prefers-reduced-motion: reduce)').matches`)
}

// media emulates what the person has chosen, in Chromium only.
func (w *window) media(features ...*emulation.MediaFeature) {
	w.Helper()
	_, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	w.must(err)
}

// quiet fails if the console has an error that the test does not expect. The browser itself
// reports each request that fails: expected are the statuses and network errors in those
// reports that the test causes.
func (w *window) quiet(expected ...string) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	busy := w.busy
	for _, message := range w.complains {
		failed := strings.Contains(message.Text, "Failed to load resource")
		switch {
		case strings.Contains(message.Text, "ERR_INCOMPLETE_CHUNKED_ENCODING"): // the server ends the streams of a session that has ended
		case strings.Contains(message.Text, "when fetching the script") && slices.Contains(expected, "ERR_"): // the service worker's, without a network
		case failed && slices.ContainsFunc(expected, func(part string) bool { return strings.Contains(message.Text, part) }):
		case failed && busy > 0 && strings.Contains(message.Text, "503") && strings.HasPrefix(message.URL, w.origin+"/api/auth/"):
			busy--
		default:
			w.Errorf("the console has %q from %s", message, message.URL)
		}
	}
}

// fetch makes a request from the page, with its cookie.
func (w *window) fetch(method, path, body string) string {
	w.Helper()
	got, err := w.engine.evaluate(fmt.Sprintf(
		`fetch(%s, { method: %s, headers: { 'Content-Type': 'application/json' }, body: %s || undefined }).then(async a => a.status + ' ' + await a.text())`,
		quoted(path), quoted(method), quoted(body)))
	w.must(err)
	return got
}
