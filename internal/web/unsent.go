package web

import "net"

// maxUnsent is how much of an answer the system takes from us beyond what is on its way
// to the client, in bytes. Left to itself Linux takes up to 4 MiB for each connection
// whose client does not read, which is memory that no handler sees, and a client is then
// found to be slow megabytes too late. What is on its way is not bounded by it, so a long
// line is used as before.
const maxUnsent = 32 << 10

// LimitUnsent returns ln, whose connections keep little that is not sent yet. It does
// what the system can do: on others than Linux nothing.
func LimitUnsent(ln net.Listener) net.Listener { return unsentListener{ln} }

type unsentListener struct{ net.Listener }

func (l unsentListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); err == nil && ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			_ = LimitUnsentOf("", "", raw) // a connection that has died since says so when it is used
		}
	}
	return c, err
}
