package proxy

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"vestibule/internal/waittest"
)

// TestSlowReadersTakeNoPlaceFromOthers: after the API has answered, a request takes no shared
// place.
func TestSlowReadersTakeNoPlaceFromOthers(t *testing.T) {
	t.Parallel()
	forEachTransport(t, func(t *testing.T, start func(http.Handler, ...func(*Config)) *rig) {
		r := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			if r.URL.RawQuery == "" {
				<-r.Context().Done() // the reader would read more
			}
		}), maxRequests(20), addressPerUser)
		for user := range 10 {
			for range 2 {
				r.begin(t.Context(), fmt.Sprint("user", user))
			}
		}
		r.wantWaiting(0)
		r.wantUnderWay(20)
		if res, _ := r.do(r.requestAs(t.Context(), "another", http.MethodGet, "/api/proxy/x?short=1", nil)); res.StatusCode != http.StatusOK {
			t.Errorf("another user: got %d, want 200", res.StatusCode)
		}
		r.wantRefused("user1", http.MethodPost, http.StatusTooManyRequests, "TOO_MANY_REQUESTS")
	})
}

// TestSlowUploadsTakeNoPlaceFromOthers: during an upload the API waits for the client.
func TestSlowUploadsTakeNoPlaceFromOthers(t *testing.T) {
	t.Parallel()
	forEachTransport(t, func(t *testing.T, start func(http.Handler, ...func(*Config)) *rig) {
		bodies, letGo := make(chan string, 100), make(chan struct{})
		r := start(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the body has ended early
			}
			bodies <- string(body)
			<-letGo
		}), maxRequests(20), addressPerUser)
		var uploads []*rawConn
		for user := range 11 {
			uploads = append(uploads, r.raw(fmt.Sprintf("POST /api/proxy/x HTTP/1.1\nHost: app\nCookie: user%d\nContent-Length: 2\n\na", user)))
		}
		waittest.Until(r, "all uploads have begun", func() bool { return r.leases.Load() == 11 })
		r.wantWaiting(0)
		var done []<-chan int
		for user := range 9 {
			done = append(done, r.begin(t.Context(), fmt.Sprint("another", user)))
			if got := waittest.Receive(t, "another user's request", bodies); got != "" {
				t.Errorf("the API got %q", got)
			}
		}
		// When their bodies have arrived, they wait for the API and need a place.
		for _, c := range uploads[:10] {
			c.send("b")
			if got := waittest.Receive(t, "an upload", bodies); got != "ab" {
				t.Errorf("the API got %q", got)
			}
		}
		r.wantWaiting(19)
		done = append(done, r.begin(t.Context(), "the last"))
		waittest.Receive(t, "the last", bodies)
		uploads[10].send("b")
		res, body := uploads[10].answer(http.MethodPost)
		r.wantError(res, body, http.StatusServiceUnavailable, "BUSY")
		close(letGo)
		for _, done := range done {
			if status := waittest.Receive(t, "an answer", done); status != http.StatusOK {
				t.Errorf("got %d, want 200", status)
			}
		}
		for _, c := range uploads[:10] {
			if res, _ := c.answer(http.MethodPost); res.StatusCode != http.StatusOK {
				t.Errorf("got %d, want 200", res.StatusCode)
			}
		}
		r.wantUnderWay(0)
		r.wantWaiting(0)
		if len(bodies) > 0 {
			t.Errorf("the API got %q of an upload that was refused", <-bodies)
		}
	})
}
