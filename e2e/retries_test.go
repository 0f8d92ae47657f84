package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vestibule/internal/caddytest"
	"vestibule/internal/nginxtest"
)

// These tests count what the app repeats by itself, at a proxy in front of the product.

// compressingNginx compresses every answer, however short, and so makes its ETag weak.
const compressingNginx = `
	gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any; gzip_http_version 1.0;
	location / { proxy_pass %s; proxy_http_version 1.1; proxy_buffering off; proxy_set_header Host $http_host; proxy_set_header Connection ""; }`

// TestAnEditIsSavedBehindCompression: proxies that compress rewrite the version of a
// task. An edit is saved all the same, in one attempt or two.
func TestAnEditIsSavedBehindCompression(t *testing.T) {
	t.Parallel()
	for name, proxy := range map[string]struct {
		start func(t *testing.T, to string) string
		tag   string // what it makes of the version
	}{
		"nginx": {func(t *testing.T, to string) string {
			return nginxtest.Start(t, nginxtest.Config{Server: fmt.Sprintf(compressingNginx, to)})
		}, `^W/"\w+"$`},
		"Caddy": {func(t *testing.T, to string) string {
			return caddytest.Start(t, caddytest.Compression+"reverse_proxy "+to)
		}, `^"\w+"$`},
		"a newer Caddy": {func(t *testing.T, to string) string {
			return caddytest.Start(t, caddytest.Compression+caddytest.TagsOfNewer+"reverse_proxy "+to)
		}, `^"\w+-gzip"$`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFront(t)
			a := newAppBehind(t, proxy.start(t, f.base), func(bff string) { f.leadsTo(t, bff) })
			w := a.signedUp(t, "edits@example.com")
			w.add("draft")
			w.saved()
			tag, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`fetch('/api/proxy/me/tasks').then(a => a.json()).then(([t]) => fetch('/api/proxy/me/tasks/' + t.id)).then(a => a.headers.get('ETag') + ' ' + a.headers.get('Content-Encoding'))`, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("the version is %s", tag)
			for i := range 3 {
				before := f.count("PUT ")
				title := fmt.Sprintf("edit %d", i)
				w.press("Edit", "")
				w.fill("Title", title)
				w.press("Save")
				w.lists(title)
				w.saved()
				if n := f.count("PUT ") - before; n < 1 || n > 2 {
					t.Errorf("got %d attempts to save, want one or two", n)
				}
			}
			if got := w.fetch("GET", "/api/proxy/me/tasks", ""); !strings.Contains(got, `"title":"edit 2"`) {
				t.Errorf("the server has %s", got)
			}
			if got := w.js(fmt.Sprintf(`/%s/.test(%s)`, strings.ReplaceAll(proxy.tag, "/", `\/`), quoted(strings.Fields(tag)[0]))); got != true {
				t.Errorf("got %s, want a version like %s: the proxy does not compress", tag, proxy.tag)
			}
			w.quiet("412")
		})
	}
}

// TestSpoiledVersionsEndInAQuestion: a proxy replaces every version. The app tries twice and
// then asks the user, and no typed text is lost.
func TestSpoiledVersionsEndInAQuestion(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.set(func() {
		f.change = func(res *http.Response) {
			if res.Header.Get("ETag") != "" {
				res.Header.Set("ETag", `"`+rand.Text()+`"`)
			}
		}
	})
	a := newAppBehind(t, f.base, func(bff string) { f.leadsTo(t, bff) })
	w := a.signedUp(t, "spoiled@example.com")
	w.add("draft")
	w.saved()
	begun := f.count("")
	w.press("Edit", "draft")
	w.fill("Title", "mine")
	w.fill("Description", "all my words")
	w.press("Save")
	w.shows("The server has not accepted your change")
	w.until(`document.querySelector('.conflict .title').textContent === 'draft' && named('textarea', 'Title').value === 'mine' && named('textarea', 'Description').value === 'all my words'`)
	w.do(chromedp.Sleep(2 * time.Second)) // in which an app that does not stop makes hundreds
	if puts, all := f.count("PUT "), f.count("")-begun; puts != 2 || all > 8 {
		f.set(func() {
			t.Errorf("got %d attempts to save and %d requests in all, want 2 and at most 8: %v", puts, all, f.passed)
		})
	}
	// Whoever decides that theirs is right is not asked for ever.
	w.press("Save mine")
	w.lists("mine")
	w.saved()
	if got := w.fetch("GET", "/api/proxy/me/tasks", ""); !strings.Contains(got, `"title":"mine","description":"all my words"`) {
		t.Errorf("the server has %s", got)
	}
	// But they are, if the text is another one by then.
	w.press("Edit", "mine")
	w.fill("Title", "mine again")
	w.press("Save")
	w.shows("The server has not accepted your change")
	w.do(evaluate(`fetch('/api/proxy/me/tasks').then(a => a.json()).then(([t]) => fetch('/api/proxy/me/tasks/' + t.id, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: '{"title":"theirs"}' }))`))
	w.until(`document.querySelector('.conflict .title').textContent === 'theirs' && text().includes('This task was changed elsewhere.') && named('textarea', 'Title').value === 'mine again'`)
	w.press("Keep theirs")
	w.lists("theirs")
	w.quiet("412")
}

// TestNothingMakesTheAppAskOverAndOver counts the requests of the app in three seconds of the
// page's clock, while it is told again and again to read its tasks. A busy machine makes
// fewer requests, never more.
func TestNothingMakesTheAppAskOverAndOver(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "storms@example.com")
	w.add("kept")
	w.saved()
	w.do(evaluate(`
		window.lists = window.streams = 0
		window.list = () => real('/api/proxy/me/tasks')
		window.events = async () => {
			const encoder = new TextEncoder()
			let timer
			return new Response(new ReadableStream({
				start(to) {
					to.enqueue(encoder.encode('id: 1\n\n'))
					timer = setInterval(() => to.enqueue(encoder.encode('event: tasks.reset\ndata: {"reason":"x"}\n\n')), 10)
				},
				cancel() { clearInterval(timer) },
			}), { headers: { 'Content-Type': 'text/event-stream' } })
		}
		window.real = window.fetch
		window.fetch = (url, init) => {
			if (url.endsWith('/events')) return streams++, events()
			if (url.endsWith('/tasks') && init.method === 'GET') return lists++, list()
			return real(url, init)
		}
		dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`))
	w.until(`lists > 1`)
	w.do(evaluate(`setTimeout(() => (window.counted = lists), 3000)`))
	w.until(`window.counted`)
	if got := w.js(`counted`).(float64); got > 12 {
		t.Errorf("a stream that says over and over that the list is old: got %v lists in 3 s, want at most 12", got)
	}
	w.lists("kept")
	// A network that comes and goes, and a server that is away.
	w.do(evaluate(`window.events = window.list = () => Promise.reject(new TypeError('away')); lists = streams = 0
		dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`))
	w.shows("The server cannot be reached.")
	w.do(evaluate(`lists = streams = 0; const flicker = setInterval(() => dispatchEvent(new Event('online')), 10)
		window.counted = null
		setTimeout(() => { clearInterval(flicker); counted = [lists, streams] }, 3000)`))
	w.until(`counted`)
	got := w.js(`counted`).([]any)
	if got[0].(float64) > 40 || got[1].(float64) > 40 {
		t.Errorf("a network that comes and goes: got %v lists and streams in 3 s, want at most 40 each", got)
	}
	// In one step: as soon as the server is back the app finds it by itself, and the button goes.
	w.js(`(window.fetch = window.real, [...document.querySelectorAll('.banner button')].find(b => b.textContent.trim() === 'Try again')?.click())`)
	w.until(`!document.querySelector('.banner')`)
	w.lists("kept")
	w.quiet()
}
