package proxy

import (
	"context"
	"net"
	"syscall"
	"testing"

	"vestibule/internal/roundtrip"
)

// TestASilentAPIIsNoticed within half a minute: the connection to it is probed that often.
func TestASilentAPIIsNoticed(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	backend := mustParse(t, "http://"+ln.Addr().String())
	direct := newNetwork(backend.Host, 0, false).(*roundtrip.Transport)
	for name, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"direct": direct.Dial, "standard": direct.Other.(sendOnce).DialContext,
	} {
		conn, err := dial(t.Context(), "tcp", backend.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if early, ok := conn.(*earlyAnswerConn); ok {
			conn = early.Conn
		}
		wantProbes(t, name, conn.(*net.TCPConn))
	}
}

func wantProbes(t *testing.T, name string, conn *net.TCPConn) {
	t.Helper()
	raw, err := conn.SyscallConn()
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
		t.Errorf("%s: got %d s, then %d times %d s: %d s, want at most 30", name, idle, count, interval, longest)
	}
}
