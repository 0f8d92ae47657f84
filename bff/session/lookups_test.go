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

// TestWaitingRequestsShareARead: a read that began after they asked shows what their own
// reads would show. A request that asked after the read began needs another one.
func TestWaitingRequestsShareARead(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, r := f.signIn(true, nil)
		_, most := lookupPlaces(f.db.Shares())
		begun, goOn := make(chan struct{}, 1000), make(chan struct{})
		f.spy.afterRead = func() {
			begun <- struct{}{}
			<-goOn
		}
		var asking sync.WaitGroup
		ask := func() {
			if _, err := f.Read(r); err != nil {
				f.t.Errorf("got %v", err)
			}
		}
		for range most {
			asking.Go(ask)
		}
		for range most {
			<-begun
		}
		const crowd = 100
		for range crowd {
			asking.Go(ask)
		}
		waittest.Until(f.t, "the others wait", func() bool {
			_, waiting := f.lookups.Load()
			return waiting == crowd
		})
		close(goOn)
		asking.Wait()
		// Each place that becomes free before the first of their reads ends begins one more.
		if n := f.spy.reads.Load() - int64(most); n < 1 || n > int64(most) {
			f.t.Errorf("got %d reads for %d requests that waited, want 1 to %d", n, crowd, most)
		}
		before := f.spy.reads.Load()
		ask()
		if n := f.spy.reads.Load() - before; n != 1 {
			f.t.Errorf("a request that asks afterwards: got %d reads, want 1", n)
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
