package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestWhatIsTypedWithoutANetworkIsKept: text that is typed without a network is kept, and is
// sent when the user asks for it.
func TestWhatIsTypedWithoutANetworkIsKept(t *testing.T) {
	t.Parallel()
	a := newApp(t) // not the shared one, because the test cuts its network
	w := a.signedUp(t, "away@example.com")
	other := a.device(t, "/login")
	other.logIn("away@example.com", "paper-lantern-42")
	other.shows("Nothing to do yet")
	w.add("before")
	w.saved()
	a.wire.set(true)
	defer a.wire.set(false)
	// The clock of this device is an hour behind the server's.
	w.js(`(now => void (window.Date = class extends Date { constructor(...given) { given.length ? super(...given) : super(now() - 3_600_000) } }))(Date.now)`)
	w.add("meanwhile")
	w.shows("A change is not saved")
	w.lists("meanwhile", "before")
	w.shows("Not saved")
	w.press("Log out")
	w.shows("Log out without saving?")
	w.press("Stay")
	a.wire.set(false)
	w.press("Try again")
	w.saved()
	w.until(`[...document.querySelectorAll('[aria-live]')].map(e => e.textContent).join('') === 'All changes are saved.'`) // to those who were told that they are not
	w.until(`[...document.querySelectorAll('[aria-live]')].map(e => e.textContent).join('') === ''`)
	w.until(`!document.querySelector('.banner')`)
	other.until(`titles().join() === 'meanwhile,before'`)
	// A page that cannot even ask who is there.
	a.wire.set(true)
	other.shows("No connection to the server.")
	w.js(`history.pushState(null, '', '/account'), dispatchEvent(new PopStateEvent('popstate'))`)
	w.shows("The server cannot be reached.")
	w.fill("Name", "kept")
	w.press("Save name")
	w.until(`[...document.querySelectorAll('form .error')].some(e => e.textContent.includes('cannot be reached')) && named('input', 'Name').value === 'kept'`)
	a.wire.set(false)
	w.press("Save name")
	w.shows("Your name is saved.")
	w.quiet("ERR_")
	other.quiet("ERR_")
}

// TestATaskIsMadeOnce: slow and lost answers and double clicks never make a task twice.
func TestATaskIsMadeOnce(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "once@example.com")
	stored := func(want string) {
		t.Helper()
		w.saved()
		if got := w.fetch("GET", "/api/proxy/me/tasks", ""); strings.Count(got, `"title":"`+want+`"`) != 1 {
			t.Errorf("got %s, want %s once", got, want)
		}
	}
	w.open(a.bff + "/tasks?show=all")
	// Each answer takes its time, and the first to each creation is lost.
	w.do(evaluate(`{ const real = window.fetch; const seen = new Set(); window.fetch = async (url, init) => {
		if (init?.method !== 'POST' || !url.includes('/tasks')) return real(url, init)
		const answer = await real(url, init)
		await new Promise(done => setTimeout(done, 300))
		const key = init.headers.get('Idempotency-Key')
		if (!seen.has(key)) { seen.add(key); throw new TypeError('the answer was lost') }
		return answer
	} }`))
	w.fill("New task", "made once")
	x, y := w.place("Add")
	w.do(chromedp.MouseClickXY(x, y), chromedp.MouseClickXY(x, y), chromedp.MouseClickXY(x, y))
	w.lists("made once")
	w.press("made once") // before the answer is there
	w.press("Edit", "made once")
	w.fill("Title", "made and changed once")
	w.press("Save")
	w.lists("made and changed once")
	stored("made and changed once")
	w.until(`named(pressable, 'made and changed once').checked`)
	w.lists("made and changed once")
	// A list that is read before the answer has the task too.
	w.do(evaluate(`{ const real = window.fetch; window.fetch = async (url, init) => {
		const answer = await real(url, init)
		if (init?.method === 'POST') { window.made = true; await new Promise(done => window.release = done) }
		if (url.endsWith('/tasks')) window.read = true
		return answer
	} }`))
	w.add("read early")
	w.until(`window.made`)
	w.js(`(window.read = false, dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))`)
	w.until(`window.read`)
	w.do(chromedp.Sleep(200 * time.Millisecond))
	w.lists("read early", "made and changed once")
	w.js(`window.release()`)
	stored("read early")
	w.lists("read early", "made and changed once")
	w.press("Delete", "read early")
	w.press("Dismiss") // ends the offer to undo, and so sends the deletion
	w.reload()
	w.lists("made and changed once")
	// A form that is sent twice is sent once.
	w.press("Log out")
	w.do(evaluate(watchRequests))
	w.fill("Email", "once@example.com")
	w.fill("Password", "paper-lantern-42")
	x, y = w.place("Log in")
	w.do(chromedp.MouseClickXY(x, y), chromedp.MouseClickXY(x, y))
	w.press("1 done")
	w.lists("made and changed once")
	if got := w.js(`sent.length`); got != 1.0 {
		t.Errorf("got %v requests to log in, want 1", got)
	}
	w.quiet()
}

func TestAnswersThatAreNoAnswersLoseNothing(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "noanswer@example.com")
	w.add("there before")
	w.saved()
	for name, answer := range map[string]string{
		"HTML":      `new Response('<h1>Welcome to the hotel</h1>', { headers: { 'Content-Type': 'text/html' } })`,
		"an error":  `new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'Content-Type': 'text/html' } })`,
		"no body":   `new Response(null, { status: 204 })`,
		"half JSON": `new Response('{"id":', { headers: { 'Content-Type': 'application/json' } })`,
	} {
		w.do(evaluate(`window.real ??= window.fetch; window.fetch = (url, init) => init?.method !== 'GET' && !window.over ? Promise.resolve(` + answer + `) : real(url, init); window.over = false`))
		w.add("despite " + name)
		w.shows("A change is not saved")
		w.until(`titles().join() === ` + quoted("despite "+name+",there before"))
		w.js(`window.over = true`)
		w.press("Try again")
		w.saved()
		w.until(`!document.querySelector('.banner')`)
		w.press("Delete", "despite "+name)
		w.do(evaluate(`dispatchEvent(new PageTransitionEvent('pagehide'))`))
		w.lists("there before")
	}
	// Whoever wants to leave is told that they have not.
	answers := func(path, status, body string) {
		t.Helper()
		w.do(evaluate(`window.real ??= window.fetch; window.fetch = (url, init) => url.endsWith(` + quoted(path) + `) ? Promise.resolve(new Response(` + quoted(body) + `, { status: ` + status + `, headers: { 'Content-Type': 'application/json' } })) : real(url, init)`))
	}
	answers("/sign-out", "500", `{"code":"INTERNAL_SERVER_ERROR","message":"Something went wrong on our side."}`)
	w.press("Log out")
	w.shows("You are still logged in: the server has a problem.")
	// JSON that says nothing of what was asked for is no answer either.
	for _, body := range []string{`null`, `{}`, `{"user":null}`, `{"user":{}}`} {
		answers("/list-sessions", "200", body)
		w.press("Account")
		w.shows("The server cannot be reached.")
		w.press("Tasks")
		w.lists("there before")
	}
	// A refusal gives the text back.
	w.do(evaluate(`window.fetch = (url, init) => init?.method === 'POST' ? Promise.resolve(new Response(JSON.stringify({ title: 'Unprocessable Content', status: 422, detail: 'The request has invalid fields.',
		errors: [{ field: 'title', message: 'is not polite' }] }), { status: 422, headers: { 'Content-Type': 'application/problem+json' } })) : real(url, init)`))
	w.fill("New task", "rude")
	w.enter()
	w.shows("is not polite")
	w.until(`named('textarea', 'New task').value === 'rude'`)
	w.lists("there before")
	w.do(evaluate(`window.fetch = real`))
	w.press("Log out")
	w.shows("Your typed text is not saved yet.")
	w.press("Log out")
	for _, body := range []string{`null`, `{}`, `{"user":null}`, `{"user":{}}`} {
		answers("/sign-in/email", "200", body)
		w.logIn("noanswer@example.com", "paper-lantern-42")
		w.until(`document.querySelector('form .whole')?.textContent.includes('The server cannot be reached.')`)
	}
	w.quiet("500")
}
