package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestTheAppWithoutAStream: a session's other windows have all places. The app works,
// reads its list by itself and says so, and does not ask over and over.
func TestTheAppWithoutAStream(t *testing.T) {
	t.Parallel()
	a := newApp(t, "MAX_STREAMS_PER_SESSION=1")
	first := a.signedUp(t, "streams@example.com")
	first.add("before")
	first.saved()
	second := a.beside(t, first, "/tasks")
	second.lists("before")
	second.shows("You have too many windows open. Changes from elsewhere are shown late here.")
	second.add("after")
	second.saved()
	first.lists("after", "before")
	first.add("elsewhere")
	first.saved()
	// A place is asked for every half a minute or so, and with it the list.
	second.do(chromedp.Sleep(5 * time.Second))
	asked := second.js(`performance.getEntriesByType('resource').filter(e => e.name.includes('/tasks/events')).length`).(float64)
	if asked > 2 {
		t.Errorf("a place was asked for %v times in five seconds", asked)
	}
	second.within(2*time.Minute, `titles().includes('elsewhere')`)
	second.quiet("429")
}
