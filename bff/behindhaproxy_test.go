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
			open := func() (int, func()) {
				res, leave := v.asks("GET")
				return res.StatusCode, leave
			}
			for range 9 {
				haproxytest.Connect(t, open)()
			}
			for range 2 {
				haproxytest.Connect(t, open)
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
