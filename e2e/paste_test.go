package e2e

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// paste puts a text into the field for new tasks, as a browser does with that of the clipboard.
func (w *window) paste(text string) {
	w.Helper()
	w.pasteOf(quoted(text))
}

// pasteOf pastes the text that an expression makes in the page.
func (w *window) pasteOf(expression string) {
	w.Helper()
	w.until(`named('textarea', 'New task')`)
	w.js(`(e => { e.focus(); const data = new DataTransfer(); data.setData('text/plain', ` + expression + `)
		e.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })) })(named('textarea', 'New task'))`)
}

// TestPastedLinesBecomeTasks: several lines become several tasks, in their order and each once,
// after a question.
func TestPastedLinesBecomeTasks(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "paste@example.com")
	w.do(evaluate(`{ const real = window.fetch; window.keys = []; window.fetch = (url, init) => {
		if (init?.method === 'POST' && url.endsWith('/tasks')) keys.push(init.headers.get('Idempotency-Key'))
		return real(url, init)
	} }`))
	w.paste("- milk\n\n* bread\n1. olives\n2. [ ] lemon\n")
	w.shows("Add 4 tasks?")
	w.lists()
	w.press("Add 4 tasks")
	w.lists("milk", "bread", "olives", "lemon")
	w.saved()
	w.lists("milk", "bread", "olives", "lemon")
	if got := w.js(`keys.length === 4 && new Set(keys).size === 4 && keys.every(Boolean)`); got != true {
		t.Errorf("got the keys %v, want four different ones", w.js(`keys`))
	}
	w.reload()
	w.lists("milk", "bread", "olives", "lemon")
	w.fill("New task", "before ")
	w.paste("one\ntwo")
	w.press("As one task")
	w.until(`named('textarea', 'New task').value === 'before one\ntwo'`)
	w.paste("three\nfour")
	w.press("Cancel")
	w.until(`named('textarea', 'New task').value === 'before one\ntwo'`)
	w.js(`(e => { e.select(); document.execCommand('delete') })(named('textarea', 'New task'))`)
	long := strings.Repeat("x", 256)
	w.paste("short\n" + long)
	w.shows("A title has at most 255 characters; this one has 256.")
	w.press("Add 1 task")
	w.lists("short", "milk", "bread", "olives", "lemon")
	w.until(`named('textarea', 'New task').value === ` + quoted(long))
	w.js(`(e => { e.select(); document.execCommand('delete') })(named('textarea', 'New task'))`)
	var many []string
	for i := range 101 {
		many = append(many, strconv.Itoa(i))
	}
	w.paste(strings.Join(many, "\n"))
	w.shows("At most 100 can become tasks at a time.")
	if w.js(`Boolean(named('button', 'Add 101 tasks'))`) == true {
		t.Error("more than 100 tasks can be added")
	}
	w.press("Cancel")
	// Of megabytes nothing comes into the field: the browser would hang.
	w.pasteOf(`'x'.repeat(3 << 20) + '\nsixth'`)
	w.shows("1 line cannot become a task and will not be added: “" + strings.Repeat("x", 40) + "…” A title has at most 255 characters; this one has 3 145 728.")
	if w.js(`Boolean(named('button', 'As one task'))`) == true {
		t.Error("megabytes can be put into the field")
	}
	w.press("Add 1 task")
	w.lists("sixth", "short", "milk", "bread", "olives", "lemon")
	w.pasteOf(`'x'.repeat(3 << 20)`)
	w.until(`document.querySelector('#draft-error')?.textContent.includes('this one has 3 145 728.') && named('textarea', 'New task').value === ''`)
	w.saved()
	if got := len(regexp.MustCompile(`"id":`).FindAllString(w.fetch("GET", "/api/proxy/me/tasks", ""), -1)); got != 6 {
		t.Errorf("got %d tasks, want 6", got)
	}
	// Where the list does not show a new task, a notice leads to it.
	w.press("Overdue 0")
	w.add("seventh")
	w.shows("Added “seventh”. This list does not show it.")
	w.fill("Search tasks", "milk")
	w.until(`location.search.includes('q=milk')`)
	w.press("Show it")
	w.lists("seventh", "sixth", "short", "milk", "bread", "olives", "lemon")
	w.until(`location.search === '' && named('input', 'Search tasks').value === '' && document.activeElement === named('input', 'seventh')`)
	w.fill("Search tasks", "milk")
	w.until(`location.search.includes('q=milk')`) // before, the list shows all
	w.paste("eighth\nmilk shake")
	w.press("Add 2 tasks")
	w.shows("Added 2 tasks. This list does not show all of them.")
	w.lists("milk shake", "milk")
	w.press("Show them")
	w.until(`titles().slice(0, 3).join() === 'eighth,milk shake,seventh' && document.activeElement === named('input', 'eighth')`)
	w.saved()
	w.quiet()
}

// TestLinksInDescriptionsAreFollowed: they are links for mouse and keyboard, and what is not
// an address stays text.
func TestLinksInDescriptionsAreFollowed(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "links@example.com")
	w.add("Read")
	w.saved()
	w.press("Edit", "Read")
	w.fill("Description", `See <b>`+a.bff+`/docs?a=1&b="x"</b>, and javascript:alert(1).`)
	w.press("Save")
	w.saved()
	got := w.js(`[...document.querySelectorAll('.words a')].map(e => [e.getAttribute('href'), e.textContent, e.target, e.rel].join(' '))`)
	if links := got.([]any); len(links) != 1 || links[0] != a.bff+"/docs?a=1&b= "+a.bff+"/docs?a=1&b= _blank noopener noreferrer" {
		t.Errorf("got the links %q", got)
	}
	if w.js(`document.querySelectorAll('.words b').length`) != 0.0 {
		t.Error("a text became an element")
	}
	w.until(`document.querySelector('.words .description').textContent.endsWith('and javascript:alert(1).')`)
	w.js(`void document.addEventListener('click', event => { window.followed = event.target.closest('a')?.href ?? ''; event.preventDefault() }, true)`)
	w.js(`document.querySelector('.words a').focus()`)
	w.enter()
	w.until(`window.followed?.includes('/docs')`)
	w.js(`window.followed = ''`)
	w.js(`document.querySelector('.words a').click()`)
	w.until(`window.followed?.includes('/docs')`)
	if w.js(`Boolean(named('textarea', 'Title'))`) == true {
		t.Error("a click on a link opens the editor")
	}
	w.press("Edit", "Read")
	w.until(`named('textarea', 'Title')`)
	w.until(`document.querySelector('.editor .links a')?.href.startsWith(` + quoted(a.bff+"/docs?") + `)`) // the list may cut a description before its link
	w.until(`/^Created .+ · Changed /.test(document.querySelector('.editor .hint').textContent) && [...document.querySelectorAll('.editor time')].every(e => !isNaN(new Date(e.dateTime)))`)
	w.quiet()
}
