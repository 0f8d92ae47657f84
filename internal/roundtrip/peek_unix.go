//go:build unix

package roundtrip

import (
	"errors"
	"syscall"
)

// canPeek: quiet works on this system.
const canPeek = true

// nothingToRead reports whether a read of the socket fd would have to wait. Sockets of Go are
// non-blocking, so this never waits.
func nothingToRead(fd uintptr) bool {
	var b [1]byte
	_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK) // #nosec G115 -- a descriptor is a small number
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EWOULDBLOCK)
}
