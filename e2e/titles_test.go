package e2e

import (
	"strings"
	"testing"
)

func TestOddTitlesAreText(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "odd@example.com")
	emoji := strings.Repeat("🧭", 255)
	for _, title := range []string{
		`<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">`, emoji, "\u200fقائمة \u202e المهام", "first line\nsecond line", "${7*7} {{7*7}} &amp; %00 ' -- \u202e",
	} {
		w.fill("New task", title)
		w.press("Add")
		w.until(`titles()[0] === ` + quoted(title))
		w.saved()
		w.press("Edit", strings.SplitN(title, "\n", 2)[0])
		w.until(`named('textarea', 'Title').value === ` + quoted(title))
		w.write("") // takes the last character away
		w.press("Save")
		w.until(`titles()[0] === ` + quoted(strings.TrimSpace(string([]rune(title)[:len([]rune(title))-1]))))
		w.saved()
	}
	w.reload()
	w.until(`titles().length === 5`)
	if got := w.js(`[window.hacked, document.querySelector('.tasks script, .tasks img'), document.documentElement.scrollWidth > innerWidth]`).([]any); got[0] != nil || got[1] != nil || got[2] != false {
		t.Errorf("got %v, want text", got)
	}
	w.fill("New task", emoji+"🧭")
	w.press("Add")
	w.shows("A title has at most 255 characters; this one has 256.")
	w.until(`named('textarea', 'New task').getAttribute('aria-invalid') && named('textarea', 'New task').value.length === 512`)
	w.write("")
	w.press("Add")
	w.until(`titles()[0] === ` + quoted(emoji))
	w.fill("New task", "   \n ")
	w.press("Add")
	w.saved()
	w.until(`titles().length === 6`)
	w.quiet()
}

func TestAnInputMethodsWordIsNotSentHalfDone(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "words@example.com")
	// The Enter and the Escape that choose a word, as Chrome and Firefox tell of them, and as Safari does.
	press := func(field, key string) {
		t.Helper()
		for _, how := range []string{`isComposing: true`, `keyCode: 229`} {
			w.js(`named('textarea', ` + quoted(field) + `).dispatchEvent(new KeyboardEvent('keydown', { key: ` + quoted(key) + `, bubbles: true, cancelable: true, ` + how + ` }))`)
		}
	}
	w.fill("New task", "日本")
	press("New task", "Enter")
	w.write("語")
	w.enter()
	w.lists("日本語")
	w.saved()
	w.press("Edit", "日本語")
	w.fill("Title", "中")
	press("Title", "Enter")
	press("Title", "Escape")
	w.write("文")
	w.enter()
	w.lists("中文")
	w.saved()
	w.quiet()
}
