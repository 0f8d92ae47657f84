package proxy

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"vestibule/internal/waittest"
	"vestibule/internal/web"
)

var errTestFull = web.Refuse(http.StatusTooManyRequests, "TOO_MANY_STREAMS", "Too many streams are open.").With("Retry-After", "30")

// limitStreams limits the streams of the rig.
func limitStreams(places int32, taken *atomic.Int32) func(*Config) {
	return func(c *Config) {
		authorize := c.Authorize
		c.Authorize = func(r *http.Request) (Grant, error) {
			grant, err := authorize(r)
			grant.Stream = func(context.Context, func()) (func(), error) {
				if taken.Add(1) > places {
					taken.Add(-1)
					return nil, errTestFull
				}
				return func() { taken.Add(-1) }, nil
			}
			return grant, err
		}
	}
}

// typed is an API whose query says which type its answer has, and whether it continues
// until the client disconnects.
func typed(requests *atomic.Int32) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if isWebSocket(r) {
			conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
			if err == nil {
				_, _, _ = conn.Read(r.Context())
			}
			return
		}
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		if length := r.URL.Query().Get("length"); length != "" {
			w.Header().Set("Content-Length", length)
		}
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		if r.Method != http.MethodHead {
			<-r.Context().Done()
		}
	})
}

func TestStreamsTakeAStreamPlace(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, method, query string
		header              []string
		counts, reachesAPI  bool // reachesAPI: a refused request reaches the API first
	}{
		{"a browser's EventSource", "GET", "type=text/event-stream", []string{"Accept", "text/event-stream"}, true, false},
		{"an Accept with several types", "GET", "type=text/event-stream", []string{"Accept", "application/json, Text/Event-Stream;q=0.9"}, true, false},
		{"several Accept headers", "GET", "type=text/event-stream", []string{"Accept", "text/html", "Accept", "text/event-stream"}, true, false},
		{"events that the client did not ask for", "GET", "type=text/event-stream%3B+charset=utf-8", nil, true, true},
		{"events for a POST", "POST", "type=TEXT/event-stream", nil, true, true},
		{"lines of JSON", "GET", "type=application/x-ndjson", []string{"Accept", "*/*"}, true, true},
		{"a sequence of pictures", "GET", "type=multipart/x-mixed-replace%3Bboundary=x", nil, true, true},
		{"events that the API does not send", "GET", "type=application/json", []string{"Accept", "text/event-stream"}, false, false},
		{"lines of JSON of a known length", "GET", "type=application/x-ndjson&length=7", nil, false, true},
		{"a download", "GET", "type=application/octet-stream", nil, false, true},
		{"a HEAD", "HEAD", "type=text/event-stream", []string{"Accept", "text/event-stream"}, false, true},
		{"a type with the same beginning", "GET", "type=text/event-stream2", nil, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var taken, requests atomic.Int32
			r := newRig(t, typed(&requests), limitStreams(1, &taken))
			ctx, leave := context.WithCancel(t.Context())
			open := func() *http.Response {
				return r.open(r.request(ctx, tc.method, "/api/proxy/x?"+tc.query, nil, tc.header...))
			}
			if res := open(); res.StatusCode != 200 {
				t.Fatalf("the first: got %d", res.StatusCode)
			}
			var want int32
			if tc.counts {
				want = 1
			}
			waittest.Until(t, "the place is taken or released", func() bool { return taken.Load() == want })
			if tc.counts {
				res := open()
				body, _ := io.ReadAll(res.Body)
				r.wantError(res, string(body), 429, "TOO_MANY_STREAMS")
				if res.Header.Get("Retry-After") != "30" {
					t.Errorf("Retry-After: got %q", res.Header.Get("Retry-After"))
				}
				want := int32(1)
				if tc.reachesAPI {
					want = 2
				}
				if got := requests.Load(); got != want {
					t.Errorf("the API got %d requests, want %d", got, want)
				}
			}
			leave()
			waittest.Until(t, "the place is free after the client has disconnected", func() bool { return taken.Load() == 0 })
			if ctx = t.Context(); open().StatusCode != 200 {
				t.Error("a released place is not available")
			}
			r.endSession()
			waittest.Until(t, "the place is free when the session has ended", func() bool { return taken.Load() == 0 })
		})
	}
}

func TestWebSocketsTakeAStreamPlace(t *testing.T) {
	t.Parallel()
	var taken, requests atomic.Int32
	r := newRig(t, typed(&requests), limitStreams(1, &taken))
	dial := func() (*websocket.Conn, *http.Response, error) {
		return websocket.Dial(t.Context(), r.front.URL+"/api/proxy/socket", &websocket.DialOptions{
			HTTPHeader: http.Header{"Cookie": {"session=secret"}, "Origin": {"https://app.example"}},
		})
	}
	for range 2 {
		conn, _, err := dial()
		if err != nil {
			t.Fatal(err)
		}
		if _, res, err := dial(); err == nil || res == nil || res.StatusCode != 429 || res.Header.Get("Retry-After") != "30" {
			t.Errorf("the second: got %v, error %v; want 429", res, err)
		}
		_ = conn.CloseNow()
		waittest.Until(t, "the place is free after the client has disconnected", func() bool { return taken.Load() == 0 })
	}
	if _, _, err := dial(); err != nil {
		t.Fatal(err)
	}
	r.endSession()
	waittest.Until(t, "the place is free when the session has ended", func() bool { return taken.Load() == 0 })
	if got := requests.Load(); got != 3 {
		t.Errorf("the API got %d requests, want 3: refused ones must not reach it", got)
	}
}

// TestAHeadRequestNeedsNoStreamPlace: its answer is never endless.
func TestAHeadRequestNeedsNoStreamPlace(t *testing.T) {
	t.Parallel()
	var taken, requests atomic.Int32
	r := newRig(t, typed(&requests), limitStreams(0, &taken))
	res, _ := r.do(r.request(t.Context(), "HEAD", "/api/proxy/x?type=text/event-stream", nil, "Accept", "text/event-stream"))
	if res.StatusCode != 200 || requests.Load() != 1 {
		t.Errorf("got %d, and %d requests at the API; want 200 and 1", res.StatusCode, requests.Load())
	}
}

// TestAFailedRequestReleasesItsPlace: the API is not running.
func TestAFailedRequestReleasesItsPlace(t *testing.T) {
	t.Parallel()
	var taken atomic.Int32
	r := newRig(t, "http://127.0.0.1:1", limitStreams(1, &taken))
	for range 3 {
		res, body := r.get("/api/proxy/x", "Accept", "text/event-stream")
		r.wantError(res, body, 502, "BAD_GATEWAY")
	}
	if got := taken.Load(); got != 0 {
		t.Errorf("%d places are taken", got)
	}
	if strings.Contains(r.log.String(), "panic") {
		t.Error(r.log)
	}
}
