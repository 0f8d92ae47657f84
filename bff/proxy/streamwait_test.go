package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// waitForPlaces lets streams wait for a place until the channel is closed.
func waitForPlaces(waiting *atomic.Int32, places <-chan struct{}, confirm func(context.Context) error) func(*Config) {
	return func(c *Config) {
		authorize := c.Authorize
		c.Authorize = func(r *http.Request) (Grant, error) {
			grant, err := authorize(r)
			grant.Confirm = confirm
			grant.Stream = func(context.Context, func()) (func(), error) {
				waiting.Add(1)
				<-places
				time.Sleep(2 * noWait) // it has waited, however soon a place was free
				return func() { waiting.Add(-1) }, nil
			}
			return grant, err
		}
	}
}

// TestAWaitForAPlaceOutlivesNoSession: a revocation ends the session's streams, and their places
// must not go to requests of the same session that have waited for one.
func TestAWaitForAPlaceOutlivesNoSession(t *testing.T) {
	t.Parallel()
	for name, header := range map[string][]string{
		"asked for":     {"Accept", eventStream},
		"not asked for": {"X-Stream", "yes"},
		"a WebSocket":   {"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Origin", "https://app.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests, waiting atomic.Int32
			places := make(chan struct{})
			r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				w.Header().Set("Content-Type", eventStream)
				_, _ = io.WriteString(w, "data: secret\n\n")
				_ = http.NewResponseController(w).Flush()
			}), waitForPlaces(&waiting, places, func(context.Context) error { return errTestExpired }))
			go func() {
				waittest.Until(t, "the request waits", func() bool { return waiting.Load() == 1 })
				close(places)
			}()
			res, body := r.get("/api/proxy/x", header...)
			r.wantError(res, body, http.StatusUnauthorized, "SESSION_EXPIRED")
			want := int32(0)
			if name == "not asked for" { // only the answer shows that it is a stream
				want = 1
			}
			if n := requests.Load(); n != want {
				t.Errorf("the API has got %d requests, want %d", n, want)
			}
			waittest.Until(t, "the place is given back", func() bool { return waiting.Load() == 0 })
		})
	}
}

// TestAWaitForAPlaceIsNoWaitForTheAPI: streams that wait do not take the places of others.
func TestAWaitForAPlaceIsNoWaitForTheAPI(t *testing.T) {
	t.Parallel()
	var waiting atomic.Int32
	places := make(chan struct{})
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }),
		maxRequests(3), addressPerUser, waitForPlaces(&waiting, places, func(context.Context) error { return nil }))
	statuses := make(chan int, 3)
	for _, user := range []string{"1", "2", "3"} {
		req := r.requestAs(t.Context(), user, http.MethodGet, "/api/proxy/x", nil)
		req.Header.Set("Accept", eventStream)
		go func() {
			res, _ := r.do(req)
			statuses <- res.StatusCode
		}()
	}
	waittest.Until(t, "three streams wait", func() bool { return waiting.Load() == 3 })
	if res, body := r.do(r.requestAs(t.Context(), "9", http.MethodGet, "/api/proxy/x", nil)); res.StatusCode != http.StatusOK {
		t.Errorf("another user: got %d %s, want 200", res.StatusCode, body)
	}
	close(places)
	for range 3 {
		if status := waittest.Receive(t, "the answer of a stream that has waited", statuses); status != http.StatusOK {
			t.Errorf("a stream that has waited: got %d, want 200", status)
		}
	}
}

// TestAnOutageAfterAWaitIsNoFaultOfTheAPI, though the API has answered.
func TestAnOutageAfterAWaitIsNoFaultOfTheAPI(t *testing.T) {
	t.Parallel()
	var waiting atomic.Int32
	places := make(chan struct{})
	close(places)
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", eventStream)
		_ = http.NewResponseController(w).Flush()
	}), waitForPlaces(&waiting, places, func(context.Context) error { return errors.New("the database is away") }))
	res, body := r.get("/api/proxy/x")
	r.wantError(res, body, http.StatusInternalServerError, "INTERNAL_SERVER_ERROR") // the caller knows what it means
}
