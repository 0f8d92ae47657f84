package daemon

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// TestNoConnectionIsLostWhenAListenerCloses: one that has sent its request and waits to be
// accepted is still accepted, and a new one does not get that far.
func TestNoConnectionIsLostWhenAListenerCloses(t *testing.T) {
	s, err := listen(t.Context(), "bff", "X_ADDR", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := s.socket.Listener
	defer l.Close()
	early, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	if _, err := io.WriteString(early, "request"); err != nil {
		t.Fatal(err)
	}
	socket, err := l.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if n := notAccepted(socket); n != 1 {
		t.Errorf("got %d connections that wait, want 1", n)
	}
	begun := time.Now()
	acceptQueued(l)
	if took := time.Since(begun); took < lastAcceptTime {
		t.Errorf("it has waited %v for a connection that nobody accepts, want %v", took, lastAcceptTime)
	}
	_, err = net.DialTimeout("tcp", l.Addr().String(), 100*time.Millisecond)
	if e, is := errors.AsType[net.Error](err); !is || !e.Timeout() {
		t.Errorf("a new connection: got error %v, want no answer", err)
	}

	ready := make(chan struct{})
	go func() {
		acceptQueued(l)
		close(ready)
	}()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	waittest.Receive(t, "the end of the wait", ready)
	if n := notAccepted(socket); n != 0 {
		t.Errorf("got %d connections that wait, want none", n)
	}
	_ = l.Close()
	request := make([]byte, len("request"))
	if _, err := io.ReadFull(conn, request); err != nil || string(request) != "request" {
		t.Errorf("got %q, %v, want the request", request, err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after the end: got error %v, want a refusal", err)
	}
}
