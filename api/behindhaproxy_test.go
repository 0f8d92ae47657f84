package api

import (
	"testing"

	"vestibule/internal/haproxytest"
)

// TestReconnectsBehindHAProxyFindAPlace although HAProxy does not tell us that a client has
// left. Streams that live keep their places.
func TestReconnectsBehindHAProxyFindAPlace(t *testing.T) {
	t.Parallel()
	const path = "/api/me/tasks/events"
	cfg := sharedSecretConfig()
	cfg.MaxStreamsPerUser = 3
	s := startSurface(t, cfg, Deps{Tasks: sqlite(t).Tasks})
	token := auth(mint(t, ada))
	s.url = haproxytest.InFront(t, s.url)
	living := s.watch(t, token)
	living.next(t)
	open := func() (int, func()) { return s.opens(t, path, token) }
	for range 9 {
		haproxytest.Connect(t, open)()
	}
	for range 2 {
		haproxytest.Connect(t, open)
	}
	if status, _ := s.opens(t, path, token); status != 429 {
		t.Errorf("beside three that live: got %d, want 429", status)
	}
	for range 3 {
		if got := living.next(t); got != ":\n" {
			t.Errorf("the first stream: got %q, want a question", got)
		}
	}
}
