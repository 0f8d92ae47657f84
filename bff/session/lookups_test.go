package session

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestOneSessionTakesFewConnections, however many of its requests come at once, and those
// of others do not wait for it.
func TestOneSessionTakesFewConnections(t *testing.T) {
	t.Parallel()
	each(t, 0, func(f *fixture) {
		_, greedy := f.signIn(true, nil)
		_, modest := f.signIn(true, nil)
		goOn := make(chan struct{})
		f.spy.afterRead = func() { <-goOn }
		until := func(what string, condition func() bool) {
			f.t.Helper()
			for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					f.t.Fatalf("not %s in time: %d reads", what, f.spy.reads.Load())
				}
			}
		}
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
		until("crowded", func() bool {
			_, waiting := f.lookups.Load()
			return waiting == crowd-maxLookupsPerSession
		})
		if n := f.spy.reads.Load(); n != maxLookupsPerSession {
			f.t.Errorf("got %d reads of one session at once, want %d", n, maxLookupsPerSession)
		}
		asking.Go(func() {
			if _, err := f.Check(modest); err != nil {
				f.t.Errorf("another session: got %v", err)
			}
		})
		until("asked for the other session", func() bool { return f.spy.reads.Load() == maxLookupsPerSession+1 })
		close(goOn)
		asking.Wait()
		if taken, waiting := f.lookups.Load(); taken+waiting != 0 {
			f.t.Errorf("at the end %d have places and %d wait", taken, waiting)
		}
	})
}

// TestPresentedReadsOnlyAFewCookies: a head has room for hundreds, each of which costs
// an HMAC or several.
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
