package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Deadlines bound slow clients without bounding long answers. http.Server's own ReadTimeout
// and WriteTimeout count from the start of a request and would end every stream. These
// deadlines move on while bytes move. They count only the time that a read or write waits
// for the client, not the time of the handler.
//
// A client may be slower than Rate for a total of Grace. Being faster earns time back. A
// large answer holds memory and one of its user's places until it is sent, so after Small
// bytes LargeRate replaces Rate. Bodies have one rate: a client may produce a body while it
// sends it, and a slow body fills no memory. A hijacked connection has no deadlines.
type Deadlines struct {
	Stall time.Duration // the longest time that one read or write may make no progress
	Grace time.Duration
	Rate  int64 // bytes per second, more than 0

	Small     int64 // bytes of one answer
	LargeRate int64 // bytes per second; 0: Rate holds for the whole answer
}

// DefaultDeadlines is what every surface uses. A phone on a bad line passes. A client that
// sends one byte every few seconds does not. A line of 64 kbit/s is twice as fast as a
// large download needs.
var DefaultDeadlines = Deadlines{
	Stall: 30 * time.Second, Grace: 30 * time.Second, Rate: 500,
	Small: 64 << 10, LargeRate: 4 << 10,
}

// Wrap returns next with its reads and writes bounded. Without a connection below,
// in-process or in a test, it changes nothing.
func (d Deadlines) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := timedConnOf(w)
		if conn == nil {
			next.ServeHTTP(w, r)
			return
		}
		out := &timedWriter{ResponseWriter: w, conn: conn, pace: pace{limits: d, left: d.Grace}}
		if r.Body != nil && r.Body != http.NoBody {
			out.body = &timedBody{ReadCloser: r.Body, conn: conn, pace: pace{limits: d.ofBodies(), left: d.Grace}, asks: r.Header["Expect"] != nil}
			defer out.body.end()
			// If the handler does not read the body, the server does, before it sends the
			// header.
			_ = conn.SetReadDeadline(time.Now().Add(d.Stall))
			// A copy, because the server checks the type of its own request's body.
			r = r.WithContext(r.Context())
			r.Body = out.body
		}
		// The server sends the buffered rest after the handler. The deadline of the last
		// write may be long past by then. The server removes the deadline before the next
		// request.
		defer out.arm()
		next.ServeHTTP(out, r)
	})
}

func (d Deadlines) ofBodies() Deadlines {
	d.LargeRate = 0
	return d
}

// timedConn is the part of net/http's ResponseWriter that we need. Finding it once is
// cheaper than http.ResponseController, which searches at every call.
type timedConn interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

func timedConnOf(w http.ResponseWriter) timedConn {
	for {
		switch t := w.(type) {
		case timedConn:
			return t
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return nil
		}
	}
}

// pace is the time that a client has left in one direction.
type pace struct {
	limits Deadlines
	left   time.Duration // of Grace
	moved  int64         // bytes so far
}

func (p *pace) deadline(start time.Time) time.Time {
	return start.Add(min(p.limits.Stall, p.left))
}

// count adds n bytes. We have waited for the client since start.
func (p *pace) count(n int, start time.Time) {
	rate := p.limits.Rate
	if p.moved += int64(n); p.limits.LargeRate > 0 && p.moved > p.limits.Small {
		rate = p.limits.LargeRate
	}
	earned := time.Duration(n) * time.Second / time.Duration(rate)
	p.left = min(p.limits.Grace, p.left+earned-time.Since(start))
}

// timedBody may be read by an http.Transport in another goroutine, even after the handler
// has returned. By then we may not set the connection's deadline.
type timedBody struct {
	io.ReadCloser
	conn timedConn
	pace pace

	asks  bool // the first read sends a 100 Continue
	mu    sync.Mutex
	ended bool
}

func (b *timedBody) Read(p []byte) (int, error) {
	start := time.Now()
	b.mu.Lock()
	if !b.ended {
		_ = b.conn.SetReadDeadline(b.pace.deadline(start))
		if b.asks {
			_ = b.conn.SetWriteDeadline(b.pace.deadline(start))
			b.asks = false
		}
	}
	b.mu.Unlock()
	n, err := b.ReadCloser.Read(p)
	b.pace.count(n, start)
	if err != nil {
		// At EOF the server has removed the deadline and watches the connection. A deadline
		// that passes now would cancel the request.
		b.end()
	}
	return n, err
}

// end makes sure that later reads set no deadline.
func (b *timedBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}

// open reports whether the body may have more to read.
func (b *timedBody) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.ended
}

// buffered is how much of an answer net/http keeps in memory before it writes the first byte,
// its header included. So this much waits for nobody and needs no deadline, until it is
// flushed or the handler ends.
const buffered = 2 << 10

// maxPiece is how much is written under one deadline, in bytes. It is what io.Copy writes
// at once. Writing megabytes under one deadline would need a fast client.
const maxPiece = 32 << 10

type timedWriter struct {
	http.ResponseWriter
	conn     timedConn
	pace     pace
	body     *timedBody // nil: the request has none
	hijacked bool
}

func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// arm sets the deadline of the next write.
func (w *timedWriter) arm() time.Time {
	start := time.Now()
	if w.hijacked {
		return start
	}
	deadline := w.pace.deadline(start)
	if w.body != nil && w.body.open() {
		// The server may first wait for the rest of the body, or for a read
		// of it that is under way.
		deadline = deadline.Add(w.pace.limits.Stall)
	}
	_ = w.conn.SetWriteDeadline(deadline)
	return start
}

func (w *timedWriter) WriteHeader(status int) {
	if status < 200 { // sent at once; a final status waits for the body
		w.arm()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *timedWriter) Write(p []byte) (int, error) {
	// If the request has a body, the server may read the rest of it first.
	if w.body == nil && w.pace.moved+int64(len(p)) <= buffered {
		n, err := w.ResponseWriter.Write(p)
		w.pace.moved += int64(n)
		return n, err
	}
	written := 0
	for {
		piece := p[written:min(len(p), written+maxPiece)]
		start := w.arm()
		n, err := w.ResponseWriter.Write(piece)
		w.pace.count(n, start)
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

// FlushError is what http.ResponseController.Flush calls.
func (w *timedWriter) FlushError() error {
	start := w.arm()
	err := http.NewResponseController(w.ResponseWriter).Flush()
	w.pace.count(0, start)
	return err
}

// Hijack hands over the connection without deadlines.
func (w *timedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.body != nil {
		w.body.end()
	}
	conn, buf, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.hijacked = w.hijacked || err == nil
	return conn, buf, err
}
