package daemon

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// arrivalTime bounds each of two waits of a stop: until the last connections are accepted,
// and until their first requests have reached the handler.
const arrivalTime = 200 * time.Millisecond

// arrivals holds the accepted connections whose first request has not reached the handler.
//
// http.Server.Shutdown would lose such a request. When it has begun, the server still reads
// the request, and then closes the connection without an answer. A proxy does not repeat a
// POST that it has sent. So a stop waits for these requests before it calls Shutdown. Later
// requests on a connection need no such care: while the process leaves, each answer asks
// its client to close the connection.
type arrivals struct {
	patience time.Duration

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// arrival is a connection in the contexts of its requests.
type arrival struct {
	conn    net.Conn
	arrived atomic.Bool // its first request has reached the handler
}

type arrivalKey struct{}

// watch makes srv tell a of its connections. Call it before web.GuardFraming, which keeps
// these functions.
func (a *arrivals) watch(srv *http.Server) {
	a.conns = map[net.Conn]struct{}{}
	srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, arrivalKey{}, &arrival{conn: c})
	}
	srv.ConnState = func(c net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			a.mu.Lock()
			defer a.mu.Unlock()
			a.conns[c] = struct{}{}
		case http.StateClosed, http.StateHijacked:
			a.remove(c)
		}
	}
}

// reached notes that a request has reached the handler.
func (a *arrivals) reached(r *http.Request) {
	of, ok := r.Context().Value(arrivalKey{}).(*arrival)
	if ok && !of.arrived.Load() {
		of.arrived.Store(true)
		a.remove(of.conn)
	}
}

func (a *arrivals) remove(c net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.conns, c)
}

func (a *arrivals) none() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.conns) == 0
}

// wait returns when the first request of each connection has reached the handler, or when
// that takes too long: some clients open a connection before they need it.
func (a *arrivals) wait() {
	for end := time.Now().Add(a.patience); !a.none() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// endingListener can end its Accept before it closes, so that no connection is lost between
// the two.
type endingListener struct {
	net.Listener
	patience time.Duration
	ended    chan struct{} // no connection is between the kernel and the caller of Accept
	closed   chan struct{}
	close    sync.Once
}

func newEndingListener(ln net.Listener, patience time.Duration) *endingListener {
	return &endingListener{Listener: ln, patience: patience, ended: make(chan struct{}), closed: make(chan struct{})}
}

// Accept returns the next connection. After end it waits until the listener is closed.
func (l *endingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		close(l.ended)
		<-l.closed
		return nil, net.ErrClosed
	}
	return c, err
}

// end makes Accept return no further connection. When end returns, the goroutine that calls
// Accept has handed on all connections it got, unless it takes too long.
func (l *endingListener) end() {
	tcp, ok := l.Listener.(interface{ SetDeadline(time.Time) error })
	if !ok || tcp.SetDeadline(time.Unix(1, 0)) != nil {
		return
	}
	select {
	case <-l.ended:
	case <-time.After(l.patience): // nobody calls Accept
	}
}

// Close closes the listener and ends Accept.
func (l *endingListener) Close() error {
	err := l.Listener.Close()
	l.close.Do(func() { close(l.closed) })
	return err
}
