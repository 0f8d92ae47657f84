package daemon

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// An answer whose header was sent before the stop cannot ask its client to close the connection.
// The answer to an event stream is one, and all of them end when the listeners close. A proxy in
// front would take such a connection for one to be used again, and send a request on it just when
// Shutdown closes it. A proxy does not repeat a POST that it has sent. So from that moment on, each
// answer ends its connection, and where the system can do it, the end of the connection arrives
// together with the end of the answer.

// lastAnswers knows the open connections of a server, but for those of WebSockets.
type lastAnswers struct {
	begun atomic.Bool // each answer ends its connection

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// watch makes srv tell l of its connections. Call it after arrivals.watch.
func (l *lastAnswers) watch(srv *http.Server) {
	l.conns = map[net.Conn]struct{}{}
	next := srv.ConnState
	srv.ConnState = func(c net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			l.add(c)
		case http.StateIdle:
			if l.begun.Load() {
				_ = c.Close() // http.Server notices
			}
		case http.StateClosed, http.StateHijacked:
			l.remove(c)
		}
		next(c, state)
	}
}

func (l *lastAnswers) add(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	if l.begun.Load() {
		holdUntilClose(c)
	}
}

func (l *lastAnswers) remove(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// begin makes each answer end its connection from now on. Connections are held now and not when
// their answers end: the end of an answer of known length is sent before its handler returns.
func (l *lastAnswers) begin() {
	l.begun.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		holdUntilClose(c)
	}
}
