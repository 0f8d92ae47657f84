package proxy

import (
	"net"
	"syscall"
	"testing"
)

// TestASilentAPIIsNoticed within half a minute: the connection to it is probed that often.
func TestASilentAPIIsNoticed(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := newTransport(0).DialContext(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*earlyAnswerConn).Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	option := map[int]int{syscall.TCP_KEEPIDLE: 0, syscall.TCP_KEEPINTVL: 0, syscall.TCP_KEEPCNT: 0}
	if err := raw.Control(func(fd uintptr) {
		for name := range option {
			if option[name], err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, name); err != nil {
				t.Error(err)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	idle, interval, count := option[syscall.TCP_KEEPIDLE], option[syscall.TCP_KEEPINTVL], option[syscall.TCP_KEEPCNT]
	if longest := idle + interval*count; idle == 0 || longest > 30 {
		t.Errorf("got %d s, then %d times %d s: %d s, want at most 30", idle, count, interval, longest)
	}
}
