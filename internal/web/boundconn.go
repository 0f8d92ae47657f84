package web

import (
	"errors"
	"net"
)

// boundConn gives its place back when it is closed.
type boundConn struct {
	net.Conn
	leave func() // may be called twice
}

func (c *boundConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// NetConn returns the connection below, as that of tls.Conn does.
func (c *boundConn) NetConn() net.Conn { return c.Conn }

// CloseWrite closes only our sending side, where that is possible.
func (c *boundConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SetLinger is needed to reset a connection.
func (c *boundConn) SetLinger(sec int) error {
	if tcp, ok := c.Conn.(interface{ SetLinger(sec int) error }); ok {
		return tcp.SetLinger(sec)
	}
	return errors.ErrUnsupported
}
