package e2e

import (
	"encoding/base64"
	"math"
	"testing"

	"github.com/chromedp/chromedp"
)

// firefoxTab is driven through WebDriver BiDi.
type firefoxTab struct {
	*bidi
	profile string // a user context: it has cookies and storage of its own
	id      string
}

// firefox opens the app in Firefox, as device does in Chromium.
func (a *app) firefox(t *testing.T, path string) *window {
	t.Helper()
	w := a.blankFirefox(t)
	w.open(a.bff + path)
	return w
}

// blankFirefox is a window of a new profile, without a page.
func (a *app) blankFirefox(t *testing.T) *window {
	t.Helper()
	b := firefoxes.get(t, "")
	var made struct{ UserContext string }
	if err := b.call("browser.createUserContext", params{}, &made); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.call("browser.removeUserContext", params{"userContext": made.UserContext}, nil) })
	hurry := params{"functionDeclaration": "() => {" + noHurry + "}", "userContexts": []string{made.UserContext}}
	if err := b.call("script.addPreloadScript", hurry, nil); err != nil {
		t.Fatal(err)
	}
	return a.firefoxWindow(t, &firefoxTab{bidi: b, profile: made.UserContext})
}

// firefoxWindow opens a window of its own, because a tab behind another one counts as hidden.
func (a *app) firefoxWindow(t *testing.T, in *firefoxTab) *window {
	t.Helper()
	var made struct{ Context string }
	if err := in.call("browsingContext.create", params{"type": "window", "userContext": in.profile}, &made); err != nil {
		t.Fatal(err)
	}
	f := &firefoxTab{in.bidi, in.profile, made.Context}
	p := &tab{T: t}
	f.mu.Lock()
	f.console[f.id] = func(text string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.complains = append(p.complains, chromedp.ConsoleMessage{Text: text})
	}
	f.mu.Unlock()
	t.Cleanup(f.close)
	w := &window{tab: p, engine: f, origin: a.bff}
	w.resize(1000, 800)
	return w
}

func (f *firefoxTab) close() {
	_ = f.call("browsingContext.close", params{"context": f.id}, nil) // it may be closed
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.console, f.id)
}

func (f *firefoxTab) evaluate(script string) (string, error) {
	var got struct {
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	err := f.call("script.evaluate", params{"expression": script, "target": params{"context": f.id}, "awaitPromise": true}, &got)
	if err == nil && got.ExceptionDetails.Text != "" {
		err = errorText(got.ExceptionDetails.Text)
	}
	return got.Result.Value, err
}

type errorText string

func (e errorText) Error() string { return string(e) }

func (f *firefoxTab) open(url string) error {
	return f.call("browsingContext.navigate", params{"context": f.id, "url": url, "wait": "complete"}, nil)
}

func (f *firefoxTab) reload() error {
	return f.call("browsingContext.reload", params{"context": f.id, "wait": "complete"}, nil)
}

func (f *firefoxTab) resize(width, height int64) error {
	return f.call("browsingContext.setViewport", params{"context": f.id, "viewport": params{"width": width, "height": height}}, nil)
}

func (f *firefoxTab) perform(source params, actions []params) error {
	source["actions"] = actions
	return f.call("input.performActions", params{"context": f.id, "actions": []params{source}}, nil)
}

func (f *firefoxTab) click(x, y float64) error {
	return f.perform(params{"type": "pointer", "id": "mouse"}, []params{
		{"type": "pointerMove", "x": math.Round(x), "y": math.Round(y)},
		{"type": "pointerDown", "button": 0},
		{"type": "pointerUp", "button": 0},
	})
}

func (f *firefoxTab) insert(text string) error {
	if text == "" {
		text = "\uE003" // Backspace
	}
	var strokes []params
	for _, key := range text {
		strokes = append(strokes, params{"type": "keyDown", "value": string(key)}, params{"type": "keyUp", "value": string(key)})
	}
	return f.perform(params{"type": "key", "id": "keyboard"}, strokes)
}

func (f *firefoxTab) enter() error { return f.insert("\uE007") }

func (f *firefoxTab) named(role, name string) (int, error) {
	var found struct{ Nodes []any }
	err := f.call("browsingContext.locateNodes", params{
		"context": f.id, "locator": params{"type": "accessibility", "value": params{"role": role, "name": name}},
	}, &found)
	return len(found.Nodes), err
}

func (f *firefoxTab) screenshot() ([]byte, error) {
	var shot struct{ Data string }
	if err := f.call("browsingContext.captureScreenshot", params{"context": f.id}, &shot); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(shot.Data)
}
