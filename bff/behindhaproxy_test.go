package bff_test

import (
	"io"
	"testing"

	"vestibule/bff"
	"vestibule/internal/haproxytest"
	"vestibule/internal/storetest"
)

// TestReconnectsBehindHAProxyFindAPlace although HAProxy does not tell us that a client has
// left. Streams that live keep their places, also if their API never sends anything.
func TestReconnectsBehindHAProxyFindAPlace(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(*bff.Config){
		"of a session": func(c *bff.Config) { c.MaxStreamsPerSession = 3 },
		"of a user":    func(c *bff.Config) { c.MaxStreamsPerUser = 3 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, storetest.SQLite(t), eventsAPI(t), limit)
			v := s.visitor()
			v.signUp("ada@example.com")
			front := *s
			front.url = haproxytest.InFront(t, s.url)
			v.site = &front
			living, _ := v.asks("GET")
			const question = ":\n\n"
			// A stream waits a second for a place. On a busy machine HAProxy may need longer to close
			// those that have left.
			connect := func() (leave func()) {
				for range 10 {
					res, leave := v.asks("GET")
					if res.StatusCode == 200 {
						return leave
					}
					leave()
				}
				t.Fatal("got no place of one that has left")
				return nil
			}
			for range 9 {
				connect()()
			}
			for range 2 {
				connect()
			}
			if res, _ := v.asks("GET"); res.StatusCode != 429 {
				t.Errorf("beside three that live: got %d, want 429", res.StatusCode)
			}
			got := make([]byte, 3*len(question))
			if _, err := io.ReadFull(living.Body, got); err != nil || string(got) != question+question+question {
				t.Errorf("the first stream: got %q and %v, want questions", got, err)
			}
		})
	}
}
