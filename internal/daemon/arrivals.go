package daemon

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// arrivalTime bounds each of two waits of a stop: until Accept has ended, and until the
	// first requests that are here have reached the handler.
	arrivalTime = 200 * time.Millisecond
	// newTime is how long http.Server.Shutdown keeps an accepted connection that has sent
	// nothing: five full seconds. So a shorter wait would end no stop earlier.
	newTime = 6 * time.Second
)

// arrivals holds the accepted connections whose first request has not reached the handler.
//
// http.Server.Shutdown would lose such a request. When it has begun, the server still reads
// the request, and then closes the connection without an answer. A proxy does not repeat a
// POST that it has sent. So a stop waits for these requests before it calls Shutdown.
//
// Few later requests on a connection need this: while the process leaves, each answer asks
// its client to close the connection. One that was idle all that time can still lose a
// request, as at any server.
type arrivals struct {
	patience time.Duration // with a connection of any age
	young    time.Duration // the age at which a connection without a request is given up

	mu    sync.Mutex
	conns map[net.Conn]time.Time // when they were accepted
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
	a.conns = map[net.Conn]time.Time{}
	srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, arrivalKey{}, &arrival{conn: c})
	}
	srv.ConnState = func(c net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			a.mu.Lock()
			defer a.mu.Unlock()
			a.conns[c] = time.Now()
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

// wait returns when the first request of each connection has reached the handler, or when
// that takes too long: some clients open a connection before they need it.
func (a *arrivals) wait(ctx context.Context) {
	for begun := time.Now(); a.expects(begun) && ctx.Err() == nil; {
		time.Sleep(time.Millisecond)
	}
}

// expects reports whether a stop that began then should wait for a first request.
func (a *arrivals) expects(begun time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, accepted := range a.conns {
		if time.Since(begun) < a.patience || time.Since(accepted) < a.young {
			return true
		}
	}
	return false
}

// endingListener can end before http.Server closes it, so that Accept has handed on all
// connections when Shutdown begins.
type endingListener struct {
	net.Listener
	patience time.Duration
	ending   atomic.Bool
	ended    chan struct{} // no connection is between the kernel and the caller of Accept
	closed   chan struct{}
	close    sync.Once
}

func newEndingListener(ln net.Listener, patience time.Duration) *endingListener {
	return &endingListener{Listener: ln, patience: patience, ended: make(chan struct{}), closed: make(chan struct{})}
}

// Accept returns the next connection. After end it waits for Close, because http.Server
// takes an earlier error for a fault.
func (l *endingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if errors.Is(err, net.ErrClosed) && l.ending.Load() {
		close(l.ended)
		<-l.closed
	}
	return c, err
}

// end closes the socket, so that new clients are refused and can go elsewhere. When it
// returns, the goroutine that calls Accept has handed on all connections it got, unless it
// takes too long.
func (l *endingListener) end() {
	l.ending.Store(true)
	_ = l.Listener.Close() // Close would return the same error
	select {
	case <-l.ended:
	case <-time.After(l.patience): // nobody calls Accept
	}
}

// Close closes the listener and ends Accept.
func (l *endingListener) Close() error {
	err := l.Listener.Close()
	l.close.Do(func() { close(l.closed) })
	if l.ending.Load() && errors.Is(err, net.ErrClosed) {
		return nil // end has closed it
	}
	return err
}
