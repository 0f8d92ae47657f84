package web

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// unread returns the server's end of a connection whose client reads nothing.
func unread(t *testing.T, limit func(net.Listener) net.Listener) net.Conn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln = limit(ln)
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	_ = client.(*net.TCPConn).SetReadBuffer(4 << 10)
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestAConnectionBuffersLittleUnsentData(t *testing.T) {
	t.Parallel()
	// The system counts in pieces of 64 KiB on this interface, and one is in flight.
	const most = maxUnsent + 2*64<<10
	piece := make([]byte, maxPiece)

	conn := unread(t, LimitUnsent)
	_ = conn.SetWriteDeadline(time.Now().Add(severalStalls))
	total := 0
	for total <= most {
		n, err := conn.Write(piece)
		total += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if total > most {
		t.Errorf("got %d bytes taken for a client that reads nothing, want up to %d", total, most)
	}

	conn = unread(t, func(ln net.Listener) net.Listener { return ln })
	_ = conn.SetWriteDeadline(time.Now().Add(patience))
	for total = 0; total <= most; {
		n, err := conn.Write(piece)
		total += n
		if err != nil {
			t.Fatalf("got %v after %d bytes without a limit: the test shows nothing", err, total)
		}
	}
}
