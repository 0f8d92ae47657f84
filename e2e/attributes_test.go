package e2e

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
)

// compareAttributes makes elements with a template of the app, and with the browser's own
// parser, and returns those that differ.
const compareAttributes = `(async () => {
	const [{ html }, { render }] = await Promise.all([import('/app/html.js'), import('/vendor/preact.js')])
	const flag = ['', 'true', 'false'], words = {
		spellcheck: ['true', 'false'], draggable: ['true', 'false'], translate: ['', 'yes', 'no'], autocorrect: ['', 'on', 'off'], writingsuggestions: flag,
		contenteditable: [...flag, 'plaintext-only'], hidden: [...flag, 'until-found'], inert: flag, autofocus: flag, readonly: flag, required: flag, disabled: flag,
		multiple: flag, checked: flag, open: flag, novalidate: flag, autocapitalize: ['', 'none', 'off', 'on', 'words'], autocomplete: ['', 'on', 'off', 'current-password'],
		inputmode: ['', 'none', 'email'], enterkeyhint: ['', 'done'], dir: ['', 'auto', 'rtl'], popover: ['', 'auto', 'manual'],
	}
	for (const name of ['hidden', 'disabled', 'invalid', 'required', 'pressed', 'current', 'expanded', 'checked', 'selected', 'busy', 'modal']) words['aria-' + name] = flag
	const wrong = []
	for (const [name, values] of Object.entries(words)) for (const tag of ['input', 'textarea', 'div', 'button', 'form', 'details']) for (const value of values) {
		const text = '<' + tag + ' ' + name + '="' + value + '"></' + tag + '>'
		const parsed = document.createElement('template'), made = document.createElement('div')
		parsed.innerHTML = text
		render(html([text]), made)
		const want = parsed.content.firstChild, got = made.firstChild
		let property
		for (property in want) if (property.toLowerCase() === name) break; else property = ''
		const same = property ? want[property] === got[property] : want.hasAttribute(name) === got.hasAttribute(name)
		if (!same) wrong.push(text + ' becomes ' + got.outerHTML)
	}
	return wrong.join('\n')
})()`

// TestAttributesMeanWhatTheySay: a template of the app sets the same as the same text in a
// page of HTML. Preact sets many attributes as properties, which may take the word false for
// true, and a type checker does not see them.
func TestAttributesMeanWhatTheySay(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	sources := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(filepath.Dir(mustGetwd(t)), "bff", "spa"))))
	t.Cleanup(sources.Close)
	for name, w := range map[string]*window{"Chromium": a.device(t, "/login"), "Firefox": a.firefox(t, "/login")} {
		w.must(w.engine.open(sources.URL + "/vendor/README.md"))
		got, err := w.engine.evaluate(compareAttributes)
		w.must(err)
		if got != "" {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}
