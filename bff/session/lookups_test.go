package session

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"vestibule/internal/waittest"
)

// TestOneSessionTakesFewConnections: this holds for any number of simultaneous requests of one
// session. Requests of other sessions do not wait for them.
func TestOneSessionTakesFewConnections(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, greedy := f.signIn(true, nil)
		_, modest := f.signIn(true, nil)
		_, most := lookupPlaces(f.db.Shares())
		goOn := make(chan struct{})
		f.spy.afterRead = func() { <-goOn }
		const crowd = 50
		var asking sync.WaitGroup
		ask := func() {
			if _, err := f.Check(greedy); err != nil {
				f.t.Errorf("got %v", err)
			}
		}
		for range crowd {
			asking.Go(ask)
		}
		waittest.Until(f.t, "the other requests of the session wait", func() bool {
			_, waiting := f.lookups.Load()
			return waiting == crowd-most && f.spy.reads.Load() >= int64(most)
		})
		if n := f.spy.reads.Load(); n != int64(most) {
			f.t.Errorf("got %d reads of one session at once, want %d", n, most)
		}
		asking.Go(func() {
			if _, err := f.Check(modest); err != nil {
				f.t.Errorf("another session: got %v", err)
			}
		})
		waittest.Until(f.t, "the other session is read", func() bool { return f.spy.reads.Load() == int64(most)+1 })
		close(goOn)
		asking.Wait()
		if taken, waiting := f.lookups.Load(); taken+waiting != 0 {
			f.t.Errorf("at the end: %d places are taken and %d requests wait", taken, waiting)
		}
	})
}

// TestPresentedReadsOnlyAFewCookies: a request's header has room for hundreds of cookies.
// Each costs at least one HMAC.
func TestPresentedReadsOnlyAFewCookies(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		row, r := f.signIn(true, nil)
		forged := strings.Replace(r.Header.Get("Cookie"), "=", "=x", 1)
		with := func(n int) *http.Request {
			return requestWith(strings.Repeat(forged+"; ", n) + r.Header.Get("Cookie"))
		}
		for n, want := range map[int]string{0: row.TokenHash, maxPresentedCookies - 1: row.TokenHash, maxPresentedCookies: ""} {
			if got := f.Presented(with(n)); got != want {
				t.Errorf("behind %d forged cookies: got %q, want %q", n, got, want)
			}
		}
		if got := f.Presented(requestWith()); got != "" {
			t.Errorf("without a cookie: got %q", got)
		}
	})
}
