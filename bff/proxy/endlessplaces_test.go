package proxy

import (
	"context"
	"net/http"
	"testing"

	"github.com/coder/websocket"
)

// TestAnEndlessAnswerTakesNoRequestPlace: streams have their own limit.
func TestAnEndlessAnswerTakesNoRequestPlace(t *testing.T) {
	t.Parallel()
	for kind, counts := range map[string]int{"text/event-stream": 0, "Text/Event-Stream; charset=utf-8": 0, "application/x-ndjson": 0, "application/octet-stream": 1} {
		forEachTransport(t, func(t *testing.T, start func(http.Handler, ...func(*Config)) *rig) {
			r := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", kind)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}), maxRequests(10))
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			r.open(r.request(ctx, http.MethodGet, "/api/proxy/x", nil))
			r.wantUnderWay(counts)
			leave()
			r.wantUnderWay(0)
		})
	}
}

func TestAWebSocketTakesNoRequestPlace(t *testing.T) {
	t.Parallel()
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err == nil {
			_, _, _ = c.Read(r.Context())
		}
	}), maxRequests(10))
	for range 3 {
		conn, _, err := websocket.Dial(t.Context(), r.front.URL+"/api/proxy/x", &websocket.DialOptions{
			HTTPHeader: http.Header{"Origin": {"https://app.example"}, "Cookie": {"session=secret"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
	}
	r.wantUnderWay(0)
}
