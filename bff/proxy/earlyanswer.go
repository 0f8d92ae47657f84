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

// A server may answer before it has read the whole upload (413, 401, 403) and close the
// connection. Its answer has arrived, but the next write of the upload fails.
// http.Transport acts on the event that it sees first: if that is the failed write, it
// closes the connection and never reads the answer. So a write that fails because the
// API closed the connection does not return until the reading side has finished. If the
// API closed without an answer, the reading side notices that too.

// earlyAnswerConn is a connection to the API that does not lose early answers.
type earlyAnswerConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func newEarlyAnswerConn(conn net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return &earlyAnswerConn{Conn: conn, closed: make(chan struct{})}, nil
}

func (c *earlyAnswerConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil && hungUp(err) {
		<-c.closed // http.Transport closes it after reading the answer or giving up
	}
	return n, err
}

func (c *earlyAnswerConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// CloseWrite is called when one side of a WebSocket ends first.
func (c *earlyAnswerConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return http.ErrNotSupported
}

// hungUp reports whether a write failed because the other side closed the connection.
// After any other failure, a read might wait forever.
func hungUp(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNABORTED)
}

// useEarlyAnswerConns makes t use such connections. With TLS, the connection is wrapped
// after the handshake: during a handshake one goroutine both writes and reads, so a
// write must not wait for a read.
func useEarlyAnswerConns(t *http.Transport, dialer *net.Dialer) {
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return newEarlyAnswerConn(dialer.DialContext(ctx, network, address))
	}
	t.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		secure := tls.Dialer{NetDialer: dialer, Config: t.TLSClientConfig}
		return newEarlyAnswerConn(secure.DialContext(ctx, network, address))
	}
}
