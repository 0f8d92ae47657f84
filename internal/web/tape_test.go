package web

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestAConnectionThatWasUpgradedIsNotTaped(t *testing.T) {
	t.Parallel()
	message := strings.Repeat("x", 100<<10)
	var state atomic.Value
	ts := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_, _ = io.CopyN(conn, buf, int64(len(message)))
		taped := conn.(*tapedConn)
		if n := len(taped.tape.seen); n != 0 {
			t.Errorf("got %d bytes on the tape, want 0", n)
		}
		if err := taped.CloseWrite(); err != nil {
			t.Errorf("CloseWrite: %v", err)
		}
		// The client has seen that and may still send.
		if last, err := io.ReadAll(buf); err != nil || string(last) != "bye" {
			t.Errorf("got %q, %v after CloseWrite, want bye", last, err)
		}
	}), func(srv *http.Server) {
		srv.ConnState = func(_ net.Conn, s http.ConnState) { state.Store(s) }
	})
	c := dial(t, ts)
	c.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	if res, err := http.ReadResponse(c.in, nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v, want a 101", res, err)
	}
	go func() { _, _ = io.WriteString(c.TCPConn, message) }()
	got := make([]byte, len(message))
	if _, err := io.ReadFull(c.in, got); err != nil || string(got) != message {
		t.Fatalf("got %d bytes and %v, want the message back", len(got), err)
	}
	c.wantClosed()
	c.send("bye")
	_ = c.CloseWrite()
	if got := state.Load(); got != http.StateHijacked {
		t.Errorf("got state %v at the server's own ConnState, want hijacked", got)
	}
}

func TestALongHeadIsNotKeptWhileTheConnectionIdles(t *testing.T) {
	t.Parallel()
	tape := tape{on: true}
	head := "GET / HTTP/1.1\r\nX-Long: " + strings.Repeat("x", 20<<10) + "\r\n\r\n"
	tape.record([]byte(head + "GET"))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if tape.doubtful(r) {
		t.Fatal("got a sound request called doubtful")
	}
	if got := string(tape.seen); got != "GET" {
		t.Errorf("got %q on the tape, want the start of the next request", got)
	}
	if got := cap(tape.seen); got > 4<<10 {
		t.Errorf("got %d bytes held, want at most 4 KiB", got)
	}
}
