package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Deadlines bound slow clients without bounding long answers. http.Server's
// own ReadTimeout and WriteTimeout count from the start of a request, which
// would end every stream; these move on as long as bytes move, and count only
// the time that a read or write waits for the client, never the handler's own.
//
// A client may be slower than Rate for Grace in all; being faster wins time
// back. A large answer holds memory and its user's places for as long as it takes, so
// after Small bytes LargeRate takes the place of Rate. Bodies have one rate: they may
// be made as they are sent, and what comes slowly fills no memory.
// A hijacked connection has no deadlines.
type Deadlines struct {
	Stall time.Duration // longest that one read or write may stand still
	Grace time.Duration
	Rate  int64 // bytes per second, more than 0

	Small     int64 // bytes of one answer
	LargeRate int64 // bytes per second; 0: Rate for all of an answer
}

// DefaultDeadlines is what every surface uses: a phone on a bad line passes, a
// client that trickles a byte every few seconds does not. A large download passes on
// a line of 64 kbit/s, with half of that to spare.
var DefaultDeadlines = Deadlines{
	Stall: 30 * time.Second, Grace: 30 * time.Second, Rate: 500,
	Small: 64 << 10, LargeRate: 4 << 10,
}

// Wrap returns next with its reads and writes bounded. Without a connection
// below, in-process or in a test, there is nothing to bound.
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
			// For a body that the handler does not read: the server does,
			// before it sends the header.
			_ = conn.SetReadDeadline(time.Now().Add(d.Stall))
			// A copy: the server looks at the type of the body of its own.
			r = r.WithContext(r.Context())
			r.Body = out.body
		}
		// The server sends what is still buffered, when the deadline of the last
		// write may be long past. It lifts it before the next request.
		defer out.arm()
		next.ServeHTTP(out, r)
	})
}

func (d Deadlines) ofBodies() Deadlines {
	d.LargeRate = 0
	return d
}

// timedConn is the part of net/http's ResponseWriter that is needed here. To
// ask for it once is cheaper than http.ResponseController, which searches at
// every call.
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

// pace is the time that a client has in one direction.
type pace struct {
	limits Deadlines
	left   time.Duration // of Grace
	moved  int64         // bytes so far
}

func (p *pace) deadline(start time.Time) time.Time {
	return start.Add(min(p.limits.Stall, p.left))
}

// count adds n bytes, for which the client was waited for since start.
func (p *pace) count(n int, start time.Time) {
	rate := p.limits.Rate
	if p.moved += int64(n); p.limits.LargeRate > 0 && p.moved > p.limits.Small {
		rate = p.limits.LargeRate
	}
	earned := time.Duration(n) * time.Second / time.Duration(rate)
	p.left = min(p.limits.Grace, p.left+earned-time.Since(start))
}

// timedBody may be read by an http.Transport in another goroutine, even after
// the handler has returned and the connection's deadline is not ours to set.
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
		// At EOF the server has lifted the deadline and watches the
		// connection; one that strikes now would cancel the request.
		b.end()
	}
	return n, err
}

// end makes sure that no read sets a deadline any more.
func (b *timedBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}

// open says whether there may be more of the body to read.
func (b *timedBody) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.ended
}

// maxPiece is how much is written under one deadline, in bytes: what io.Copy
// writes at once. Answers in one piece of megabytes would need a fast client.
const maxPiece = 32 << 10

type timedWriter struct {
	http.ResponseWriter
	conn     timedConn
	pace     pace
	body     *timedBody // nil: the request has none
	hijacked bool
}

func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// arm gives the write that follows its deadline.
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
	if status < 200 { // sent at once; others wait for the first bytes of the body
		w.arm()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *timedWriter) Write(p []byte) (int, error) {
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

// Hijack takes the deadlines off together with the connection.
func (w *timedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.body != nil {
		w.body.end()
	}
	conn, buf, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.hijacked = w.hijacked || err == nil
	return conn, buf, err
}
