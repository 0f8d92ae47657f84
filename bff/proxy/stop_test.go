package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"vestibule/internal/waittest"
)

// slowAnswer is an API that sends a first event, then more when the test says so.
func slowAnswer(more <-chan string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", req.URL.Query().Get("type"))
		if encoding := req.URL.Query().Get("encoding"); encoding != "" {
			w.Header().Set("Content-Encoding", encoding)
		}
		_, _ = io.WriteString(w, "data: first\n\n")
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case text, open := <-more:
				if !open {
					return
				}
				_, _ = io.WriteString(w, text)
				_ = http.NewResponseController(w).Flush()
			case <-req.Context().Done():
				return
			}
		}
	})
}

// TestAStopEndsWhatClientsOpenAgain, and nothing that may be a download or made only once.
func TestAStopEndsWhatClientsOpenAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, query, accept string
		ends, wellFormed            bool
	}{
		{"events", "GET", "type=text/event-stream", eventStream, true, true},
		{"compressed events", "GET", "type=text/event-stream&encoding=br", eventStream, true, false},
		{"events that answer a POST", "POST", "type=text/event-stream", eventStream, false, true},
		{"events that the client did not ask for", "GET", "type=text/event-stream", "*/*", false, true},
		{"lines of JSON", "GET", "type=application/x-ndjson", eventStream, false, true},
		{"a download", "GET", "type=application/octet-stream", "*/*", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			more := make(chan string)
			r := newRig(t, slowAnswer(more))
			res := r.open(r.request(t.Context(), tt.method, "/api/proxy/x?"+tt.query, nil, "Accept", tt.accept))
			wantNext(t, res.Body, "data: first\n\n")
			r.proxy.EndStreams()
			if !tt.ends {
				more <- "more"
				wantNext(t, res.Body, "more")
				close(more)
			}
			rest, err := io.ReadAll(res.Body)
			if len(rest) > 0 || (err == nil) != tt.wellFormed {
				t.Errorf("got %q and %v, want the end; well-formed: %t", rest, err, tt.wellFormed)
			}
			waittest.Until(t, "the end of the exchange", func() bool { return r.leases.Load() == 0 })
		})
	}
}

// TestStreamsThatBeginAfterAStopEndAtOnce: their requests were under way.
func TestStreamsThatBeginAfterAStopEndAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, slowAnswer(nil))
	r.proxy.EndStreams()
	res, body := r.get("/api/proxy/x?type=text/event-stream", "Accept", eventStream)
	if res.StatusCode != 200 || body != "" && body != "data: first\n\n" {
		t.Errorf("got %d %q, want whole events or nothing", res.StatusCode, body)
	}
}

// endlessEvents is an API that sends events as fast as it can, and counts them.
func endlessEvents(sent *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := 0; req.Context().Err() == nil; i++ {
			if _, err := fmt.Fprintf(w, "id: %d\ndata: %s\n\n", i, strings.Repeat("x", i%3000)); err != nil {
				return
			}
			sent.Store(int64(i))
		}
	})
}

// TestAFullStreamIsToldThatTheSessionEnded: its API never pauses, so that the session ends in
// the middle of an event.
func TestAFullStreamIsToldThatTheSessionEnded(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	r := newRig(t, endlessEvents(&sent))
	res := r.open(r.request(t.Context(), "GET", "/api/proxy/events", nil, "Accept", eventStream))
	if _, err := io.CopyN(io.Discard, res.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	seen, same := int64(0), 0
	waittest.Until(t, "all buffers are full, so that the rest of each event is on its way", func() bool {
		now := sent.Load()
		if same++; now != seen {
			seen, same = now, 0
		}
		return same > 20
	})
	r.endSession()
	rest, err := io.ReadAll(res.Body)
	if err != nil || !bytes.HasSuffix(rest, []byte("\n\n"+lastEvent)) {
		t.Errorf("got %v and the end %q, want the last event", err, rest[max(0, len(rest)-300):])
	}
}

// TestAWebSocketIsToldOfAStop with a close frame, even if its handshake was under way.
func TestAWebSocketIsToldOfAStop(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]bool{"an open one": false, "one that opens after it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, newSocketAPI())
			if before {
				r.proxy.EndStreams()
			}
			conn, _ := r.dial()
			r.proxy.EndStreams()
			_, _, err := conn.Read(t.Context())
			var closed websocket.CloseError
			if !errors.As(err, &closed) || closed.Code != websocket.StatusGoingAway {
				t.Errorf("got %v, want the close code 1001", err)
			}
		})
	}
}
