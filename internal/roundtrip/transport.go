// Package roundtrip carries HTTP/1.1 requests to one server. It writes a request and reads the
// answer in the goroutine of the caller. http.Transport has two goroutines for each connection,
// and hands each request and each answer over between them and the caller.
//
// It takes requests without a body and without an upgrade, to an http server. A request with a
// body needs a second goroutine, because the server may answer before it has read the body.
// All other requests go to another transport.
//
// It guarantees:
//
//   - An answer belongs to its request. A connection is used again only after a complete
//     answer whose end is certain, and only while the server has sent nothing since.
//   - A request is repeated only if the server cannot have acted on it, or if it is a GET or a
//     HEAD, and then once.
//   - The end of a request's context ends the dial, the wait for the answer and the reading of
//     its body at once.
//   - A body that ends early ends with an error.
//   - The size of a header is bounded, and so are the number and the age of idle connections.
//
// The parsers are those of net/http. It adds nothing to a request, decompresses nothing, and
// does not report 1xx answers.
package roundtrip

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"
)

// Transport is an http.RoundTripper for one server. All exported fields are required, and must
// not change after the first request.
type Transport struct {
	// Host is the server, as in url.URL.Host.
	Host string
	// Dial opens a connection, like net.Dialer.DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// MaxHeader is the largest header of an answer, in bytes. The 1xx answers before it count too.
	MaxHeader int64
	// MaxIdle is how many connections are kept between requests.
	MaxIdle int
	// IdleTimeout is how long a connection is kept between requests.
	IdleTimeout time.Duration
	// Other carries the requests that this transport does not take.
	Other http.RoundTripper

	idle    pool
	writers sync.Pool // of *bufio.Writer; a request needs one only until it is sent
}

// methods are those of the requests that are taken. None of them can break the request line.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// takes reports whether this transport carries r.
func (t *Transport) takes(r *http.Request) bool {
	return canPeek && r.URL.Scheme == "http" && r.URL.Host == t.Host && isASCII(t.Host) &&
		(r.Body == nil || r.Body == http.NoBody) && len(r.Header["Upgrade"]) == 0 && slices.Contains(methods, r.Method)
}

// isASCII reports whether a host can be dialed as it is. net/http translates others (RFC 5891).
func isASCII(host string) bool {
	return strings.IndexFunc(host, func(c rune) bool { return c >= utf8.RuneSelf }) < 0
}

// RoundTrip implements http.RoundTripper. If the request's context ends, the error is its cause.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.takes(r) {
		return t.Other.RoundTrip(r)
	}
	ctx := r.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if c := t.idle.get(t.IdleTimeout); c != nil {
		res, err := t.exchange(c, r)
		if err == nil || ctx.Err() != nil || !mayRepeat(c, r.Method) {
			return res, err
		}
	}
	conn, err := t.Dial(ctx, "tcp", address(t.Host))
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return t.exchange(newConn(conn), r)
}

// mayRepeat reports whether a request that failed on the idle connection c may be sent again, on a
// new connection. The server often closes an idle connection just when a request is sent.
//
// http.Transport also repeats an OPTIONS, and each request with an Idempotency-Key. But that key
// means that the client may repeat the request, not that the server supports such keys. And
// http.Transport may try one idle connection after the other; here the second attempt is the last.
func mayRepeat(c *conn, method string) bool {
	if !c.sent {
		return true
	}
	return !c.answered && (method == http.MethodGet || method == http.MethodHead)
}

// exchange sends r on c and returns the answer. It closes c or gives it back when the answer's body
// has ended.
func (t *Transport) exchange(c *conn, r *http.Request) (*http.Response, error) {
	x := &exchange{t: t, c: c, ctx: r.Context()}
	// http.Transport has a goroutine that waits for the context. Here its end lets the running
	// and all later reads and writes fail.
	x.unwatch = context.AfterFunc(x.ctx, c.cut)
	unsent := t.send(c, r)
	if unsent != nil && !(c.sent && hungUp(unsent)) {
		return nil, x.fail(unsent)
	}
	// A server may refuse a request before it has read the whole head, and close. Then the answer
	// is here although a write has failed.
	res, framed, err := c.receive(r, t.MaxHeader)
	if err != nil {
		if unsent != nil {
			err = unsent
		}
		return nil, x.fail(err)
	}
	x.reusable = unsent == nil && framed && !r.Close
	c.bodiless = mayHaveNoBody(r.Method, res.StatusCode)
	if res.Body == http.NoBody {
		x.end(true)
		return res, nil
	}
	x.body, res.Body = res.Body, x
	return res, nil
}

// mayHaveNoBody reports whether an answer ends with its header, whatever that says (RFC 9112 §6.3).
func mayHaveNoBody(method string, status int) bool {
	return method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
}

// send writes r, normally with one system call.
func (t *Transport) send(c *conn, r *http.Request) error {
	w, ok := t.writers.Get().(*bufio.Writer)
	if !ok {
		w = bufio.NewWriter(nil)
	}
	w.Reset(c)
	err := r.Write(w)
	if err == nil {
		err = w.Flush()
	}
	w.Reset(nil)
	t.writers.Put(w)
	return err
}

// hungUp reports whether a write failed because the server has closed the connection. A read then
// does not wait. After any other failure it might wait forever.
func hungUp(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNABORTED)
}

// CloseIdleConnections closes the idle connections of this transport and of Other.
func (t *Transport) CloseIdleConnections() {
	t.idle.closeAll()
	if other, ok := t.Other.(interface{ CloseIdleConnections() }); ok {
		other.CloseIdleConnections()
	}
}

// address returns the address to dial for the host of a URL.
func address(host string) string {
	u := url.URL{Host: host}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
