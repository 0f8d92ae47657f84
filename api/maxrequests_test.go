package api

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store/tasks"
)

// holds keeps n requests under way until end is called. Each waits for its body.
func (s *surface) holds(t *testing.T, n int, token http.Header) (end func()) {
	t.Helper()
	var conns []net.Conn
	for range n {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		_, err = fmt.Fprintf(c, "POST /api/me/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", token.Get("Authorization"))
		if err != nil {
			t.Fatal(err)
		}
	}
	end = func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}
	t.Cleanup(end)
	return end
}

// underWay waits until that many requests are under way.
func (s *surface) underWay(t *testing.T, n int) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		held, _ := s.server.calls.Load()
		if held == n {
			return
		}
		if time.Since(start) > waittest.Patience {
			t.Fatalf("got %d requests under way, want %d", held, n)
		}
	}
}

func TestOneCallersRequestsAreBounded(t *testing.T) {
	t.Parallel()
	const most = 3
	cfg := sharedSecretConfig()
	cfg.MaxRequestsPerCaller = most
	s := startSurface(t, cfg, Deps{Tasks: sqlite(t).Tasks})
	adas := auth(mint(t, ada))
	end := s.holds(t, most, adas)
	s.underWay(t, most)
	for _, route := range contract.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if !strings.HasPrefix(path, "/api/") || strings.HasSuffix(path, "/events") || method == http.MethodHead {
			continue
		}
		path = strings.NewReplacer("{user_id}", "me", "{id}", "1").Replace(path)
		res := s.do(t, method, path, "", adas)
		res.isProblem(t, 429, "Too many of your requests are under way. Please try again.")
		if got := res.Header.Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After: got %q, want 1", got)
		}
	}
	// Earlier refusals do not depend on it, and other callers have their own places.
	s.do(t, "GET", "/api/"+bob+"/tasks", "", adas).isProblem(t, 403, "Access denied: user_id mismatch")
	s.watchAt(t, "/api/me/tasks/events", adas)
	for name, token := range map[string]http.Header{
		"another user":            auth(mint(t, bob)),
		"a service":               service(reports, `,"scope":"tasks:read"`),
		"a service that acts for": service(ada, `,"scope":"tasks:read","act":{"sub":"`+reports+`"}`),
	} {
		if res := s.do(t, "GET", "/api/"+map[bool]string{true: bob, false: ada}[name == "another user"]+"/tasks", "", token); res.StatusCode != 200 {
			t.Errorf("%s: got %d %s, want 200", name, res.StatusCode, res.body)
		}
	}
	end()
	s.underWay(t, 0)
	if res := s.do(t, "GET", "/api/me/tasks", "", adas); res.StatusCode != 200 {
		t.Errorf("got %d when the others were over, want 200", res.StatusCode)
	}
}

// TestAnAnswerIsUnderWayUntilItIsSent, and its reader decides how long that takes.
func TestAnAnswerIsUnderWayUntilItIsSent(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	adas := auth(mint(t, ada))
	long := strings.Repeat("\U0001F331", maxDescription)
	for range 60 { // more than the system buffers for a connection
		if _, err := s.store.CreateTask(t.Context(), tasks.Task{UserID: ada, Title: "a", Description: &long, CreatedAt: noon, UpdatedAt: noon}); err != nil {
			t.Fatal(err)
		}
	}
	var conns []net.Conn
	for range 4 {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
		for range 3 { // pipelined: the system has no room for the last of several answers
			_, _ = io.WriteString(c, "GET /api/me/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: "+adas.Get("Authorization")+"\r\n\r\n")
		}
		conns = append(conns, c)
	}
	s.underWay(t, len(conns))
	for _, c := range conns {
		_ = c.Close()
	}
	s.underWay(t, 0)
}
