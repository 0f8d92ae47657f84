package roundtrip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestEveryAnswerBelongsToItsRequest: many requests at a time, of which some are canceled at any
// moment. The server repeats the id of each request.
func TestEveryAnswerBelongsToItsRequest(t *testing.T) {
	t.Parallel()
	s := serve(t, func(s *session) {
		for r := s.next(); r != nil; r = s.next() {
			id := r.URL.Query().Get("id")
			answer := fmt.Sprintf("HTTP/1.1 200 OK\nX-Id: %s\nContent-Length: %d\n\n%s", id, len(id), id)
			if len(id)%2 == 0 {
				answer = fmt.Sprintf("HTTP/1.1 200 OK\nX-Id: %s\nTransfer-Encoding: chunked\n\n%x\n%s\n0\n\n", id, len(id), id)
			}
			if s.say(answer) != nil {
				return
			}
		}
	})
	transport := to(s, func(t *Transport) { t.MaxIdle = 50 })
	var running sync.WaitGroup
	for client := range 200 {
		running.Go(func() {
			for i := range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				canceled := rand.IntN(3) == 0
				if canceled {
					time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, cancel)
				}
				r := request(ctx, s, http.MethodGet)
				id := fmt.Sprintf("%d-%d-%s", client, i, strings.Repeat("x", rand.IntN(300)))
				r.URL.RawQuery = "id=" + id
				res, body, err := fetch(transport, r)
				switch {
				case err != nil && !canceled:
					t.Errorf("%s: %v", id, err)
				case err == nil && (body != id || res.Header.Get("X-Id") != id):
					t.Errorf("%s got the answer %s, %s", id, res.Header.Get("X-Id"), body)
				}
				cancel()
			}
		})
	}
	running.Wait()
	if n := len(transport.kept()); n > 50 {
		t.Errorf("%d connections are kept, want at most 50", n)
	}
}
