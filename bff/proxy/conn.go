package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"syscall"
)

// A server may answer before it has read an upload (413, 401, 403) and hang up. Its
// answer has arrived by then, but the next write of the upload fails, and
// http.Transport takes whichever it sees first: for a write that failed it closes the
// connection, with the answer unread. So a write that fails because the API has hung
// up does not return before the reading side has come to its end. An API that hung up
// without an answer is noticed there as well: nothing can be read.

// answeredConn is a connection to the API.
type answeredConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func newAnsweredConn(conn net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return &answeredConn{Conn: conn, closed: make(chan struct{})}, nil
}

func (c *answeredConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil && hungUp(err) {
		<-c.closed // by http.Transport, when it has read all there is or gives up
	}
	return n, err
}

func (c *answeredConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// CloseWrite is asked for when one side of a WebSocket ends first.
func (c *answeredConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return http.ErrNotSupported
}

// hungUp says whether a write failed because of the other side. After any other
// failure a read might wait for ever.
func hungUp(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNABORTED)
}

// dialAnswered makes t use such connections. With TLS the handshake comes first: its
// writes and reads take turns, so that one cannot wait for the other.
func dialAnswered(t *http.Transport, dialer *net.Dialer) {
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return newAnsweredConn(dialer.DialContext(ctx, network, address))
	}
	t.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		secure := tls.Dialer{NetDialer: dialer, Config: t.TLSClientConfig}
		return newAnsweredConn(secure.DialContext(ctx, network, address))
	}
}
