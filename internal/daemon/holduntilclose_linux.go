package daemon

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// holdUntilClose makes Linux send what does not fill a packet together with the end of the
// connection. It waits 0.2 s at most (tcp(7), TCP_CORK), each time.
func holdUntilClose(c net.Conn) {
	for {
		inner, is := c.(interface{ NetConn() net.Conn })
		if !is {
			break
		}
		c = inner.NetConn()
	}
	withSocket, is := c.(syscall.Conn)
	if !is {
		return
	}
	// An error would mean that the connection is closed already.
	if socket, err := withSocket.SyscallConn(); err == nil {
		_ = socket.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_CORK, 1) })
	}
}
