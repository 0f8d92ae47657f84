package daemon

import (
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vestibule/internal/waittest"
)

// TestTheLastAnswerAndTheEndOfItsConnectionArriveTogether: between the two, a proxy would take the
// connection for one to be used again, however short that is.
func TestTheLastAnswerAndTheEndOfItsConnectionArriveTogether(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		length int
		later  bool // the connection is accepted when the last answers have begun
	}{
		"of an unknown length":                   {unknown, false},
		"of a known length":                      {50_000, false},
		"of a connection that is accepted later": {unknown, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			together, took := false, time.Hour
			// Linux waits 0.2 s. A busy machine may need longer for these few steps.
			for try := 0; took > 150*time.Millisecond && try < 100; try++ {
				together, took = endsTogether(t, tt.length, tt.later)
			}
			if !together {
				t.Errorf("the answer has arrived, and the end of its connection has not (%v)", took)
			}
		})
	}
}

// endsTogether reports whether the end of an answer arrives with the end of its connection, and
// how long the server took for both.
func endsTogether(t *testing.T, length int, later bool) (together bool, took time.Duration) {
	t.Helper()
	closed := make(chan time.Time, 1)
	s, conn, answer, end := streaming(t, length, func(s *server) {
		next := s.http.ConnState
		s.http.ConnState = func(c net.Conn, state http.ConnState) {
			if state == http.StateIdle {
				time.Sleep(20 * time.Millisecond)
			}
			next(c, state)
			if state == http.StateIdle {
				closed <- time.Now()
			}
		}
		if later {
			s.last.begin()
		}
	})
	if !later {
		s.last.begin()
	}
	begun := time.Now()
	end()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatalf("got %v, want the whole answer", err)
	}
	together = endHasArrived(t, conn)
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("got %d bytes, %v after the answer, want the end of the connection", n, err)
	}
	return together, waittest.Receive(t, "the end of the connection", closed).Sub(begun)
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
