package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// axe reports barriers for people with disabilities (WCAG 2.2 A and AA, and good practice)
// as errors of the test.
func (w *window) axe(source string) {
	w.Helper()
	if w.js(`Boolean(window.axe)`) != true {
		w.do(chromedp.Steps(evaluate(source)))
	}
	found, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`axe.run({ resultTypes: ['violations'] }).then(r => JSON.stringify(
		r.violations.map(v => v.id + ': ' + v.help + ' — ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | '))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		w.Fatal(err)
	}
	var violations []string
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		w.Fatal(err)
	}
	for _, v := range violations {
		w.Errorf("axe at %v: %s", w.js(`location.pathname`), v)
	}
}

// evaluate runs a script and drops its result.
func evaluate(source string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Evaluate[json.RawMessage](source+"\n;null")(ctx, t)
		return chromedp.Void{}, err
	}
}

// pictured are the pages of which pictures are kept.
var pictured = map[string]bool{"login": true, "signup": true, "forgot": true, "tasks": true, "account": true}

// picture writes a picture of the window, as a PNG of at most 256 colours. These pages need
// no more, and the file is a third of the size.
func (w *window) picture(file string) {
	w.Helper()
	shot, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.Fatal(err)
	}
	from, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		w.Fatal(err)
	}
	count := map[color.RGBA]int{}
	colorAt := func(x, y int) color.RGBA {
		c := color.RGBAModel.Convert(from.At(x, y)).(color.RGBA)
		return color.RGBA{c.R &^ 3, c.G &^ 3, c.B &^ 3, 255}
	}
	bounds := from.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[colorAt(x, y)]++
		}
	}
	often := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int { return count[b] - count[a] })
	var palette color.Palette
	for _, c := range often[:min(256, len(often))] {
		palette = append(palette, c)
	}
	to := image.NewPaletted(bounds, palette)
	index := map[color.RGBA]uint8{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := colorAt(x, y)
			if _, known := index[c]; !known {
				index[c] = uint8(palette.Index(c))
			}
			to.SetColorIndex(x, y, index[c])
		}
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, to); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		w.Fatal(err)
	}
}

// fits reports elements that are wider than the window. It compares with width and not with
// the window, because a phone makes its window as wide as the page.
func (w *window) fits(name string, width int64) {
	w.Helper()
	for _, wide := range w.js(`[...document.querySelectorAll('html, dialog, main *')].filter(e => !e.matches('.unseen, select, option') && e.scrollWidth > ` + strconv.FormatInt(width, 10) + ` ||
		e.matches('dialog') && e.scrollWidth > e.clientWidth).map(e => e.tagName + '.' + e.className)`).([]any) {
		w.Errorf("%s: at %d px, %v is too wide", name, width, wide)
	}
}

// onePrimary fails if a page or a dialog offers more than one thing as the most important.
func (w *window) onePrimary(name string) {
	w.Helper()
	if got := w.js(`[...document.querySelectorAll('button.primary')].filter(e => seen(e) && getComputedStyle(e).fontWeight === '600').map(nameOf)`).([]any); len(got) > 1 {
		w.Errorf("%s: got the primary buttons %v, want one", name, got)
	}
}

// TestEveryPageInBothSchemes looks at every page as a phone and a desktop show it, in
// light and in dark, with axe-core; and with SCREENSHOTS=true (make screenshots) keeps
// what it sees in docs/images.
func TestEveryPageInBothSchemes(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join(clientFolder(t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	a := sharedApp(t)
	images, err := filepath.Abs("../docs/images")
	if err != nil {
		t.Fatal(err)
	}
	w := a.device(t, "/login")
	pictures := os.Getenv("SCREENSHOTS") != ""
	see := func(name, scheme, size string, width int64, how ...chromedp.EmulateViewportOption) {
		t.Helper()
		w.scheme(scheme)
		w.do(chromedp.EmulateViewport(width, 760, how...))
		w.mouseIs(size == "desktop")
		_, err := chromedp.Call(w.ctx, emulation.SetScrollbarsHidden, emulation.SetScrollbarsHiddenParams{Hidden: size == "phone"})
		w.must(err)
		if size == "phone" {
			w.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 1, 300)) // off what it has clicked
		}
		w.js(`(document.activeElement?.blur(), scrollTo(0, 0))`)
		w.fits(name, width)
		w.axe(string(source))
		w.onePrimary(name)
		if pictures && pictured[name] {
			w.do(chromedp.Sleep(200 * time.Millisecond)) // until what moves stands still
			w.picture(filepath.Join(images, "app-"+name+"-"+scheme+"-"+size+".png"))
		}
	}
	look := func(name string) {
		t.Helper()
		see(name, "light", "desktop", 1100)
		see(name, "dark", "phone", 390, chromedp.EmulateMobile, chromedp.EmulateTouch)
		if pictures {
			see(name, "dark", "desktop", 1100)
			see(name, "light", "phone", 390, chromedp.EmulateMobile, chromedp.EmulateTouch)
		}
		w.do(chromedp.EmulateViewport(320, 640, chromedp.EmulateMobile, chromedp.EmulateTouch)) // a small phone, or a page at 400 % (WCAG 1.4.10)
		w.fits(name, 320)
		w.do(chromedp.EmulateViewport(1000, 800))
		w.until(`innerWidth === 1000`)
	}
	w.shows("New here?")
	look("login")
	w.press("Log in")
	w.shows("Enter your password.")
	look("login-errors")
	w.press("Create an account")
	w.shows("Have an account?")
	look("signup")
	w.fill("Name", "Ada Lovelace")
	w.fill("Email", "ada@example.com")
	w.fill("Password", "paper-lantern-42")
	w.press("Create account")
	w.shows("Nothing to do yet")
	look("tasks-empty")
	for _, task := range []struct{ title, description, due string }{
		{"Plan the walk along the coast", "Tide tables, boots, and somebody who knows the path. https://tides.example/coast", "4"},
		{"Return the library books", "", ""},
		{"Buy bread, olives and a lemon", "", "0"},
		{"Call the dentist", "They open at nine.", "-1"},
		{"Send Grace the notes on the compiler", "", ""},
		{"لا تنس موعد الاجتماع", "", "1"},
		{"Water the plants", "", ""},
	} {
		members := map[string]any{"title": task.title, "description": task.description, "completed": task.title == "Water the plants" || task.title == "Return the library books"}
		if task.due != "" {
			members["due_on"] = w.dayIn(task.due)
		}
		body, _ := json.Marshal(members)
		w.fetch("POST", "/api/proxy/me/tasks", string(body))
	}
	w.reload()
	w.press("2 done")
	w.shows("Water the plants")
	look("tasks")
	w.press("Edit", "Call the dentist")
	w.until(`named('textarea', 'Title')`)
	look("tasks-edit")
	w.do(evaluate(`window.fetch = (real => (url, init) => init?.method !== 'PUT' ? real(url, init) : Promise.resolve(new Response('{"title":"Precondition Failed","status":412,"detail":"x"}', { status: 412, headers: { 'Content-Type': 'application/problem+json' } })))(window.fetch)`))
	w.fill("Title", "Call the other dentist")
	w.press("Save")
	w.shows("The server has not accepted your change")
	look("tasks-refused")
	w.press("Discard mine")
	w.press("Account")
	w.shows("This device")
	look("account")
	a.forgetProofs(t, "ada@example.com")
	w.fill("New email", "augusta@example.com")
	w.press("Change email")
	w.shows("Confirm that it is you")
	look("account-proof")
	w.press("Confirm")
	w.shows("Enter your password.")
	look("account-proof-errors")
	w.fill("Password", "paper-lantern-42")
	w.press("Confirm")
	w.shows("We have sent a link")
	look("account-mailed")
	w.press("Delete account…")
	w.shows("Delete your account?")
	look("account-delete")
	w.press("Keep it")
	w.fetch("POST", "/api/auth/sign-out", "{}") // the stream of events tells the page
	w.shows("Session expired. Please log in again.")
	look("expired")
	w.press("Use another address or account")
	w.press("Forgot your password?")
	w.shows("we send you a link")
	look("forgot")
	w.open(a.bff + "/nowhere")
	w.shows("There is nothing at this address.")
	look("nowhere")
}
