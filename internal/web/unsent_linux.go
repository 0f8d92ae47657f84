package web

import "syscall"

// tcpNotsentLowat is Linux's TCP_NOTSENT_LOWAT (tcp(7)), which package syscall lacks. It is
// the same on all processors. Connections do not inherit it from the listener.
const tcpNotsentLowat = 25

// LimitUnsentOf limits one connection, like LimitUnsent. It can be the Control of a
// net.Dialer.
func LimitUnsentOf(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		// If this fails, the connection keeps the system's default.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotsentLowat, maxUnsent)
	})
}
