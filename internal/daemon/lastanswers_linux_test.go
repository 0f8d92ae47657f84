package daemon

import (
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTheLastAnswerAndTheEndOfItsConnectionArriveTogether: between the two, a proxy would take the
// connection for one to be used again, however short that is.
func TestTheLastAnswerAndTheEndOfItsConnectionArriveTogether(t *testing.T) {
	t.Parallel()
	s, conn, _, end := streaming(t, func(s *server) {
		next := s.http.ConnState
		s.http.ConnState = func(c net.Conn, state http.ConnState) {
			if state == http.StateIdle {
				time.Sleep(50 * time.Millisecond) // less than Linux waits
			}
			next(c, state)
		}
	})
	s.closing.Store(true)
	end()
	var got strings.Builder
	for !strings.HasSuffix(got.String(), "\r\n0\r\n\r\n") {
		p := make([]byte, 64)
		n, err := conn.Read(p)
		if err != nil {
			t.Fatalf("got %q, %v, want the whole answer", got.String(), err)
		}
		got.Write(p[:n])
	}
	if !endHasArrived(t, conn) {
		t.Error("the answer has arrived, and the end of its connection has not")
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("got %d bytes, %v after the answer, want the end of the connection", n, err)
	}
}

// endHasArrived reports whether the kernel knows that the other side has closed conn.
func endHasArrived(t *testing.T, conn net.Conn) (arrived bool) {
	t.Helper()
	const closeWait = 8 // TCP_CLOSE_WAIT
	socket, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = socket.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		arrived = err == nil && info.State == closeWait
	})
	if err != nil {
		t.Fatal(err)
	}
	return arrived
}
