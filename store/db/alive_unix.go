//go:build unix

package db

import (
	"errors"
	"net"
	"syscall"
)

// canPeek: ended works on this system.
const canPeek = true

// ended reports whether the other side of an idle connection has closed it, or has said
// something unasked, as servers do before they close. It asks only this machine.
func ended(conn net.Conn) bool {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return true
	}
	quiet := false
	// Control, because Read fails after the deadline of an earlier call.
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = errors.Is(err, syscall.EAGAIN)
	})
	return err != nil || !quiet
}
