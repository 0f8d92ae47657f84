package web

import (
	"net/http"
	"time"
)

// A client may still be sending when its answer has been written: an upload that was
// refused. To close the connection then resets it, and a client that reads when it has
// sent everything, or whose system drops what it has not read yet, never sees the
// answer. net/http closes its own side first, which comes here, and waits for half a
// second, in which nobody reads: a client with more to send than fits the network is
// stuck. So what comes is read and dropped, until the client hangs up or has had its
// time.
//
// The times are nginx's, whose lingering_close this is.
const (
	lingerIdle  = 5 * time.Second // without a byte
	lingerTotal = 30 * time.Second
)

// CloseWrite is called by net/http before it hangs up on unread bytes, and for a
// proxied WebSocket, one side of which may end first.
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

// linger reads what a client still sends and closes the connection.
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

// Close leaves a connection that lingers to its end. net/http does not always close
// its own side first where a body could not be read.
func (c *tapedConn) Close() error {
	if c.tape.unread() {
		_ = c.CloseWrite()
	}
	if c.lingers.Load() {
		return nil
	}
	return c.Conn.Close()
}
