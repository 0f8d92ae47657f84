package proxy

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw sends text over a new connection and returns the connection.
// Line ends in text are \n and become CRLF.
func (r *rig) raw(text string) *rawConn {
	r.Helper()
	conn, err := net.Dial("tcp", r.front.Listener.Addr().String())
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(waitLimit)); err != nil {
		r.Fatal(err)
	}
	c := &rawConn{Conn: conn, TB: r, r: bufio.NewReader(conn)}
	c.send(text)
	return c
}

type rawConn struct {
	net.Conn
	testing.TB
	r *bufio.Reader
}

func (c *rawConn) send(text string) {
	c.Helper()
	if _, err := io.WriteString(c.Conn, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		c.Fatal(err)
	}
}

// answer reads one answer and its body.
func (c *rawConn) answer(method string) (*http.Response, string) {
	c.Helper()
	res, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		c.Fatalf("reading the answer: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.Fatalf("reading the answer's body: %v", err)
	}
	return res, string(body)
}

// wantClosed checks that the server closes the connection.
func (c *rawConn) wantClosed() {
	c.Helper()
	n, err := io.Copy(io.Discard, c.r)
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		c.Fatalf("the connection stays open (after %d more bytes)", n)
	}
}

// readHeader reads the header of the answer. After it, the answer cannot become an error.
func (c *rawConn) readHeader() *http.Response {
	c.Helper()
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.Fatal(err)
	}
	return res
}
