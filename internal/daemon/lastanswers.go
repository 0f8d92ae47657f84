package daemon

import (
	"net"
	"net/http"
)

// An answer whose header was sent before the stop cannot ask its client to close the connection.
// The answer to an event stream is one, and all of them end when the listeners close. A proxy in
// front would take such a connection for one to be used again, and send a request on it just when
// Shutdown closes it. A proxy does not repeat a POST that it has sent. So from that moment on, each
// answer ends its connection, and where the system can do it, the end of the connection arrives
// together with the end of the answer.

// closeIdle closes connections that become idle while s closes. Call it after arrivals.watch.
func (s *server) closeIdle() {
	next := s.http.ConnState
	s.http.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateIdle && s.closing.Load() {
			_ = c.Close() // http.Server notices
		}
		next(c, state)
	}
}

// joinLast is called when the handler of r has returned, and what net/http has kept of the answer
// is still to be sent.
func (s *server) joinLast(r *http.Request) {
	of, ok := r.Context().Value(arrivalKey{}).(*arrival)
	if ok && s.closing.Load() {
		holdUntilClose(of.conn)
	}
}
