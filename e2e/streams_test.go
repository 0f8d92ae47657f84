package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestTheAppWithoutAStream: another window has the only stream of the session. The app still
// works and says that it shows changes late. It reads its list by itself, but not too often.
func TestTheAppWithoutAStream(t *testing.T) {
	t.Parallel()
	a := newApp(t, "MAX_STREAMS_PER_SESSION=1")
	first := a.signedUp(t, "streams@example.com")
	first.add("before")
	first.saved()
	second := a.beside(t, first, "/tasks")
	// The server asks the page to wait half a minute. The test ends that wait.
	if _, err := chromedp.Call(second.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		{ const real = window.setTimeout; window.setTimeout = (what, ms, ...more) => ms === 30_000 && what.name === 'over' ? (window.waiting = what, 0) : real(what, ms, ...more) }
	`}); err != nil {
		t.Fatal(err)
	}
	second.reload()
	second.lists("before")
	second.shows("You have too many windows open. Changes from elsewhere are shown late here.")
	second.add("after")
	second.saved()
	first.lists("after", "before")
	first.add("elsewhere")
	first.saved()
	second.until(`window.waiting`)
	second.do(chromedp.Sleep(3 * time.Second)) // in which a page that does not wait asks several times
	const requests = `performance.getEntriesByType('resource').filter(e => e.name.includes('/tasks/events')).length`
	asked := second.js(requests).(float64)
	if asked > 2 {
		t.Errorf("the page asked for a stream %v times in three seconds", asked)
	}
	second.js(`window.waiting() ?? true`)
	second.until(fmt.Sprintf(`%s > %v && titles().includes('elsewhere')`, requests, asked)) // each attempt reads the list too
	second.quiet("429")
}

// heldList lets a test hold the next answer to a read of the whole list, and send events. A
// deletion cannot be undone.
const heldList = `{
	const timeout = window.setTimeout
	window.setTimeout = (run, ms, ...more) => timeout(run, ms === 6000 ? 0 : ms, ...more)
	const real = window.fetch
	window.fetch = async (url, init) => {
		if (String(url).includes('/tasks/events')) {
			const events = new ReadableStream({ start(to) { window.event = text => to.enqueue(new TextEncoder().encode(text)) } })
			window.event('id: 1\\n\\n')
			return new Response(events, { headers: { 'Content-Type': 'text/event-stream' } })
		}
		const answer = await real(url, init)
		if (init.method === 'DELETE') window.deleted = true
		if (!/\/tasks(\?|$)/.test(url) || init.method !== 'GET') return answer
		window.list = await answer.clone().json()
		if (window.hold) await new Promise(go => { window.release = go })
		return answer
	}
}`

// TestAnOlderEventDuringAReadOfTheListChangesNothing: the answer to the page's own change is
// newer than an event that arrives late, and both arrive while the list is read.
func TestAnOlderEventDuringAReadOfTheListChangesNothing(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "overtaken@example.com")
	w.add("deleted")
	w.add("first text")
	w.saved()
	if _, err := chromedp.Call(w.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: heldList}); err != nil {
		t.Fatal(err)
	}
	w.reload()
	w.lists("first text", "deleted")
	w.until(`window.event && window.list?.length === 2`)
	w.js(`window.hold = true`)
	w.js(`window.event('id: 2\nevent: tasks.reset\ndata: {"reason":"a test"}\n\n') ?? true`)
	w.until(`window.release`)
	w.press("Edit", "first text")
	w.fill("Title", "second text")
	w.enter()
	w.lists("second text", "deleted")
	w.saved()
	w.press("Delete", "deleted")
	w.until(`window.deleted`)
	w.saved()
	w.js(`window.list.forEach((task, i) => window.event('id: ' + (3 + i) + '\nevent: task.updated\ndata: ' + JSON.stringify(task) + '\n\n')) ?? true`)
	w.js(`(window.hold = false, window.release()) ?? true`)
	w.lists("second text")
}

// TestAnIdIsUsedAgainAfterAReset: the database has lost a task and its deletion, and another
// task gets its id.
func TestAnIdIsUsedAgainAfterAReset(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "again@example.com")
	w.add("first")
	w.saved()
	if _, err := chromedp.Call(w.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: heldList}); err != nil {
		t.Fatal(err)
	}
	w.reload()
	w.lists("first")
	w.until(`window.event && window.list?.length === 1`)
	w.js(`window.event('id: 2\nevent: task.deleted\ndata: ' + JSON.stringify(window.list[0]) + '\n\n') ?? true`)
	w.lists()
	w.js(`window.event('id: 1\nevent: tasks.reset\ndata: {"reason":"a test"}\n\n') ?? true`)
	w.lists("first") // it is in the list, as another task may be
	w.js(`window.event('id: 2\nevent: task.updated\ndata: ' + JSON.stringify({ ...window.list[0], title: 'second', updated_at: '2999-01-01T00:00:00.000Z' }) + '\n\n') ?? true`)
	w.lists("second")
}
