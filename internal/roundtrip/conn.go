package roundtrip

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"syscall"
	"time"
)

// conn is a connection to the server. It belongs to one exchange, or to the pool.
type conn struct {
	net.Conn
	in    *bufio.Reader // reads from conn
	left  int64         // how many bytes may still be read
	since time.Time     // when it became idle

	sent     bool // a byte of the request may have been sent
	answered bool // a byte of the answer has arrived
	bodiless bool // the latest answer may have no body

	cut func() // lets the running and all later reads and writes fail

	raw   syscall.RawConn              // nil: quiet cannot tell, so it is used once
	peek  func(fd uintptr) (done bool) // sets still
	still bool                         // there is nothing to read, and the server has not closed
}

func newConn(c net.Conn) *conn {
	own := &conn{Conn: c}
	own.in = bufio.NewReader(own) // with 4 KiB, which also bounds the lines of a chunked body and its trailers
	if s, ok := c.(syscall.Conn); ok {
		own.raw, _ = s.SyscallConn()
	}
	own.cut = func() { _ = c.SetDeadline(longAgo) }
	own.peek = func(fd uintptr) bool {
		own.still = nothingToRead(fd)
		return true // do not wait
	}
	return own
}

var longAgo = time.Unix(1, 0)

// quiet reports whether the server has sent nothing since its last answer and has not closed the
// connection. Bytes that nobody has asked for would be taken for the answer to the next request,
// which may be another user's: an API that writes more than the length that it has declared,
// or an attacker who makes it do so, could answer for others.
func (c *conn) quiet() bool {
	if c.raw == nil {
		return false
	}
	c.still = false
	return c.raw.Read(c.peek) == nil && c.still
}

var errLargeHeader = errors.New("the header of the answer is too large")

// Read reads at most what is left.
func (c *conn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errLargeHeader
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.sent = c.sent || n > 0
	return n, err
}

// receive reads the header of the answer to r. framed reports whether the end of the answer is
// certain and the server keeps the connection open.
//
// A server may send any number of 1xx answers. All headers together have maxHeader bytes, so
// there are some thousands of them at most.
func (c *conn) receive(r *http.Request, maxHeader int64) (res *http.Response, framed bool, err error) {
	c.left = maxHeader
	for {
		if _, err := c.in.Peek(1); err != nil {
			return nil, false, fmt.Errorf("no answer: %w", err)
		}
		c.answered = true
		head, _ := c.in.Peek(c.in.Buffered())
		length := mayDeclareLength(head)
		if res, err = http.ReadResponse(c.in, r); err != nil {
			if c.left <= 0 {
				err = errLargeHeader // net/http may report that the last line is malformed
			}
			return nil, false, fmt.Errorf("reading the header of the answer: %w", err)
		}
		if interim(res.StatusCode) {
			continue
		}
		c.left = math.MaxInt64
		chunked := len(res.TransferEncoding) > 0
		return res, res.StatusCode >= http.StatusOK && res.Proto == "HTTP/1.1" && !res.Close && !(chunked && length), nil
	}
}

// interim reports whether another answer follows. After a 101 none does: the connection speaks
// another protocol.
func interim(status int) bool {
	return status/100 == 1 && status != http.StatusSwitchingProtocols
}

// mayDeclareLength reports whether the header of an answer, which begins with head, has a
// Content-Length, or could have one in the part that is not here yet. In a chunked answer
// net/http ignores and deletes it. But a server that sends both may have had two opinions on where
// the answer ends, so nothing may follow it (RFC 9112 §6.3).
func mayDeclareLength(head []byte) bool {
	for {
		line, rest, complete := bytes.Cut(head, []byte("\n"))
		switch {
		case !complete, hasPrefixFold(line, "content-length"):
			return true
		case len(bytes.TrimSuffix(line, []byte("\r"))) == 0:
			return false // the end of the header
		}
		head = rest
	}
}

func hasPrefixFold(line []byte, prefix string) bool {
	return len(line) >= len(prefix) && bytes.EqualFold(line[:len(prefix)], []byte(prefix))
}
