// Package waittest waits in tests for what other goroutines and servers do.
package waittest

import (
	"net/http"
	"testing"
	"time"
)

// Patience is the timeout of all waits. It is long because other tests may keep the
// machine busy.
const Patience = 2 * time.Minute

// Until waits until condition returns true. It asks less often the longer it waits, because
// many conditions are requests: asked every 2 ms, they take a whole processor.
func Until(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	for start := time.Now(); !condition(); time.Sleep(pause(time.Since(start))) {
		if time.Since(start) > Patience {
			tb.Fatalf("still not after %v: %s", Patience, what)
		}
	}
}

// pause lengthens a wait by at most a twentieth.
func pause(waited time.Duration) time.Duration {
	return min(max(waited/20, 2*time.Millisecond), 100*time.Millisecond)
}

// Receive waits for a value from c.
func Receive[T any](tb testing.TB, what string, c <-chan T) T {
	tb.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(Patience):
		tb.Fatalf("nothing received after %v: %s", Patience, what)
		panic("unreachable")
	}
}

// Status requests url on a new connection and returns the status of the response. It
// returns 0 if there is no response.
func Status(url string) int {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: Patience}
	resp, err := client.Get(url)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
