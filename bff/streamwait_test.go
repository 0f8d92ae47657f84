package bff_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// TestAStreamThatWaitsEndsWithItsSession: a revocation frees the places of the session's
// streams, and the API gets no request of the same session that has waited for one.
func TestAStreamThatWaitsEndsWithItsSession(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		var requests atomic.Int32
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			w.Header().Set("Content-Type", "text/event-stream")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}))
		t.Cleanup(api.Close)
		s := newIdleSite(t, db, func(c *bff.Config) { c.Backend, _ = url.Parse(api.URL); c.MaxStreamsPerSession = 1 })
		thief, owner := s.visitor(), s.visitor()
		thief.signUp("ada@example.com")
		owner.signIn("ada@example.com", "paper-lantern-42")
		first, _ := thief.asks("GET")
		s.clock.Advance(2 * time.Second) // it ends with the session, at once
		status := make(chan int, 1)
		go func() {
			second, _ := thief.asks("GET")
			status <- second.StatusCode
		}()
		question := make([]byte, 1)
		if _, err := first.Body.Read(question); err != nil || question[0] != ':' {
			t.Fatalf("the open stream: got %q, %v, want a question because another one waits", question, err)
		}
		owner.want(owner.do("POST", "/api/auth/revoke-other-sessions", "{}"), 200, "")
		if got := waittest.Receive(t, "the answer of the stream that has waited", status); got != 401 && got != 429 {
			t.Errorf("the stream that has waited: got %d, want 401, or 429 after a slow revocation", got)
		}
		if n := requests.Load(); n != 1 {
			t.Errorf("the API has got %d requests, want the first one", n)
		}
	})
}
