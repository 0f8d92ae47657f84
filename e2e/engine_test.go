package e2e

import (
	"context"
	"encoding/json"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// engine is what a test does with a tab of a browser. Chromium and Firefox have different
// protocols for it.
type engine interface {
	// evaluate returns the string that a script in the page makes or promises.
	evaluate(script string) (string, error)
	open(url string) error
	reload() error
	resize(width, height int64) error
	click(x, y float64) error
	// insert types at the cursor. "" is the Backspace key.
	insert(text string) error
	// enter presses the Enter key.
	enter() error
	// press presses a key together with Ctrl.
	press(key string) error
	// named counts the elements to which assistive technology gives this role and name.
	named(role, name string) (int, error)
	// screenshot returns a PNG.
	screenshot() ([]byte, error)
}

// chromiumTab is driven through the protocol of Chromium's developer tools.
type chromiumTab struct{ ctx context.Context }

func (c chromiumTab) evaluate(script string) (string, error) {
	return chromedp.Run(c.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
}

func (c chromiumTab) open(url string) error { return chromedp.Do(c.ctx, chromedp.Navigate(url)) }

func (c chromiumTab) reload() error { return chromedp.Do(c.ctx, chromedp.Reload()) }

func (c chromiumTab) resize(width, height int64) error {
	return chromedp.Do(c.ctx, chromedp.EmulateViewport(width, height))
}

func (c chromiumTab) click(x, y float64) error {
	return chromedp.Do(c.ctx, chromedp.MouseClickXY(x, y))
}

func (c chromiumTab) insert(text string) error {
	if text == "" {
		return chromedp.Do(c.ctx, chromedp.KeyEvent("\b"))
	}
	_, err := chromedp.Call(c.ctx, input.InsertText, input.InsertTextParams{Text: text})
	return err
}

// enter presses Enter as one event, as a keyboard does. chromedp sends the key and its
// character as two events. The first may move the focus, for example to a button, and the
// button then gets the second.
func (c chromiumTab) enter() error {
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
		stroke := input.DispatchKeyEventParams{Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13, NativeVirtualKeyCode: 13}
		if kind == input.DispatchKeyEventTypeKeyDown {
			stroke.Text = "\r"
		}
		if _, err := chromedp.Call(c.ctx, input.DispatchKeyEvent, stroke); err != nil {
			return err
		}
	}
	return nil
}

func (c chromiumTab) named(role, name string) (int, error) {
	tree, err := chromedp.Call(c.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		return 0, err
	}
	found := 0
	for _, node := range tree.Nodes {
		if !node.Ignored && textOf(node.Role) == role && textOf(node.Name) == name {
			found++
		}
	}
	return found, nil
}

func textOf(value *accessibility.Value) (text string) {
	if value != nil {
		_ = json.Unmarshal(value.Value, &text) // what is not a string has no text
	}
	return text
}

func (c chromiumTab) screenshot() ([]byte, error) {
	return chromedp.Run(c.ctx, chromedp.CaptureScreenshot())
}

func (w *window) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// open goes to another page, and waits until it has loaded.
func (w *window) open(url string) {
	w.Helper()
	w.must(w.engine.open(url))
	w.loaded()
}

func (w *window) reload() {
	w.Helper()
	w.must(w.engine.reload())
	w.loaded()
}

// loaded waits until the page has loaded. The end of an older load may look to chromedp like
// that of the new one.
func (w *window) loaded() {
	w.Helper()
	w.until(`document.readyState === 'complete'`)
}

func (w *window) resize(width, height int64) {
	w.Helper()
	w.must(w.engine.resize(width, height))
}

// names fails unless assistive technology finds one element with this role and name.
func (w *window) names(role, name string) {
	w.Helper()
	found, err := w.engine.named(role, name)
	w.must(err)
	if found != 1 {
		w.Errorf("got %d elements with the role %s and the name %q, want 1", found, role, name)
	}
}
