package web

import (
	"net/http"
	"time"
)

// A client may still be sending when its answer has been written, for example an upload
// that was refused. Closing the connection then resets it. A client that reads only after
// it has sent everything, or whose system drops unread data, never sees the answer.
// net/http first closes its sending side, which calls CloseWrite here, and then waits for
// half a second without reading. A client that sends more than the network buffers hold is
// stuck. So we read and drop what arrives, until the client closes the connection or its
// time is over.
//
// The times are those of nginx's lingering_close.
const (
	lingerIdle  = 5 * time.Second // without a byte
	lingerTotal = 30 * time.Second
)

// CloseWrite is called by net/http before it closes a connection with unread bytes. It is
// also called for a proxied WebSocket, where one side may end first.
func (c *tapedConn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return http.ErrNotSupported
	}
	err := half.CloseWrite()
	if err == nil && !c.hijacked.Load() && c.lingers.CompareAndSwap(false, true) {
		go c.linger(lingerIdle, lingerTotal)
	}
	return err
}

// linger reads what the client still sends, then closes the connection.
func (c *tapedConn) linger(idle, total time.Duration) {
	defer c.Conn.Close()
	buf := make([]byte, 4<<10)
	for end := time.Now().Add(total); ; {
		now := time.Now()
		if !now.Before(end) || c.Conn.SetReadDeadline(now.Add(min(idle, end.Sub(now)))) != nil {
			return
		}
		if _, err := c.Conn.Read(buf); err != nil {
			return
		}
	}
}

// Close does not close a connection that lingers: linger does. net/http does not always
// call CloseWrite first when a body could not be read.
func (c *tapedConn) Close() error {
	if c.tape.unread() {
		_ = c.CloseWrite()
	}
	if c.lingers.Load() {
		return nil
	}
	return c.Conn.Close()
}
