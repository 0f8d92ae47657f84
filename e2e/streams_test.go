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
	second.do(chromedp.Reload())
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
