package api

import (
	"io"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// TestOpenBodiesLeaveRoomForOthers fills the share of one caller with unfinished bodies.
func TestOpenBodiesLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	begin := func(length int) *heldOpen {
		h := s.open(t, "POST", "/api/me/tasks", strings.Repeat(" ", length), auth(mint(t, ada)))
		_, _ = io.WriteString(h.conn, h.body[1:length-1])
		return h
	}
	taken := func(want int) {
		t.Helper()
		for start := time.Now(); s.server.bodies.Taken() != want; time.Sleep(2 * time.Millisecond) {
			if time.Since(start) > waittest.Patience {
				t.Fatalf("got %d bytes taken, want %d", s.server.bodies.Taken(), want)
			}
		}
	}
	first := begin(maxBody)
	taken(maxBody + 1)
	second := begin(bodiesOfOne - maxBody - 2)
	taken(bodiesOfOne)
	long := `{"title":"a"}` + strings.Repeat(" ", 2<<10)
	r := s.do(t, "POST", "/api/me/tasks", long, auth(mint(t, ada)))
	if r.StatusCode != 503 || !strings.Contains(r.body, "Too many requests with a body are being read at the moment. Please try again.") {
		t.Errorf("got %d %s, want 503", r.StatusCode, r.body)
	}
	if r.Header.Get("Retry-After") == "" {
		t.Error("got no Retry-After")
	}
	r = s.do(t, "POST", "/api/me/tasks", long, auth(mint(t, bob)))
	if r.StatusCode != 201 {
		t.Errorf("got %d for another user, want 201", r.StatusCode)
	}
	first.conn.Close()
	second.conn.Close()
	taken(0)
	if r := s.do(t, "POST", "/api/me/tasks", long, auth(mint(t, ada))); r.StatusCode != 201 {
		t.Errorf("got %d once there is room again, want 201", r.StatusCode)
	}
}
