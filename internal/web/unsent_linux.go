package web

import "syscall"

// tcpNotsentLowat is Linux's TCP_NOTSENT_LOWAT (tcp(7)), which package syscall lacks.
// It is the same on all processors, and not taken over from the listener.
const tcpNotsentLowat = 25

// LimitUnsentOf does for one connection what LimitUnsent does for a listener's. It can
// be the Control of a net.Dialer.
func LimitUnsentOf(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		// One that cannot be told is as it always was.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotsentLowat, maxUnsent)
	})
}
