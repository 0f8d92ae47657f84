package web

import "net"

// maxUnsent bounds, in bytes, what the kernel buffers of an answer beyond the data already
// sent. By default Linux buffers up to 4 MiB for each connection whose client does not
// read. No handler sees that memory, and we would notice a slow client megabytes too late.
// Data in flight is not bounded, so a fast line with long delays keeps its speed.
const maxUnsent = 32 << 10

// LimitUnsent returns ln, whose connections buffer little unsent data. It works only on
// Linux. On other systems it does nothing.
func LimitUnsent(ln net.Listener) net.Listener { return unsentListener{ln} }

type unsentListener struct{ net.Listener }

func (l unsentListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); err == nil && ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			_ = LimitUnsentOf("", "", raw) // an error on a dead connection shows at its first use
		}
	}
	return c, err
}
