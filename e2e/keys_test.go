package e2e

import "github.com/chromedp/chromedp"

// press presses a key together with Ctrl.
func (c chromiumTab) press(key string) error {
	return chromedp.Do(c.ctx, chromedp.KeyEvent(key, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
}

func (f *firefoxTab) press(key string) error {
	if key == "\r" {
		key = "\uE007"
	}
	const control = "\uE009"
	var strokes []params
	for _, stroke := range [][2]string{{"keyDown", control}, {"keyDown", key}, {"keyUp", key}, {"keyUp", control}} {
		strokes = append(strokes, params{"type": stroke[0], "value": stroke[1]})
	}
	return f.perform(params{"type": "key", "id": "keyboard"}, strokes)
}

// ctrl presses a key together with Ctrl: a letter, or "\r" for Enter.
func (w *window) ctrl(key string) {
	w.Helper()
	w.must(w.engine.press(key))
}

// escape presses the Escape key.
func (w *window) escape() {
	w.Helper()
	if f, ok := w.engine.(*firefoxTab); ok {
		w.must(f.insert("\uE00C"))
		return
	}
	w.do(chromedp.KeyEvent("\x1b"))
}
