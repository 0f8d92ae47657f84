package web

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Two servers that disagree about where a request ends can be made to take its
// body for another request (RFC 9112 §11.2). net/http answers most doubtful
// framing with a 400 and hangs up, but of two contradictions no handler learns:
// it removes Content-Length from a chunked request, and Transfer-Encoding from
// an HTTP/1.0 request. So:
//
//  1. Content-Length with Transfer-Encoding, and Transfer-Encoding in HTTP/1.0,
//     are refused with 400 and the connection is closed (§6.1).
//  2. No connection is used again after a chunked request. RFC 9112 §6.1 asks
//     for no less where 1 cannot be told, and it makes the start of every
//     request known: all before it have a Content-Length or no body.
//
// Where TLS ends in this process or another listener wraps this one, only the
// second can be kept.

// GuardFraming makes srv keep these rules on what it accepts from the returned
// listener, which is ln. It is called once srv has its Handler, ConnContext and
// ConnState, before Serve. srv must speak HTTP/1 only.
func GuardFraming(srv *http.Server, ln net.Listener) net.Listener {
	// net/http's own answer to OPTIONS * would go past the handler below.
	srv.DisableGeneralOptionsHandler = true

	handler := srv.Handler
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t, taped := r.Context().Value(tapeKey{}).(*tape)
		if taped && t.doubtful(r) {
			if srv.ErrorLog != nil {
				srv.ErrorLog.Printf("refused a request of doubtful framing from %s", r.RemoteAddr)
			}
			refuseFraming(w)
			return
		}
		if r.ContentLength < 0 || !taped && !r.ProtoAtLeast(1, 1) {
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, r)
	})

	connContext := srv.ConnContext
	srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if connContext != nil {
			ctx = connContext(ctx, c)
		}
		if c, ok := c.(*tapedConn); ok {
			c.tape.on = true
			ctx = context.WithValue(ctx, tapeKey{}, &c.tape)
		}
		return ctx
	}

	connState := srv.ConnState
	srv.ConnState = func(c net.Conn, state http.ConnState) {
		if c, ok := c.(*tapedConn); ok && state == http.StateHijacked {
			c.tape.stop()
			c.hijacked.Store(true)
		}
		if connState != nil {
			connState(c, state)
		}
	}
	return tapedListener{ln}
}

// refuseFraming answers as net/http does. It is outside Deadlines, so it sets
// its own: a client that sends no more and reads nothing is gone in a second.
func refuseFraming(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	soon := time.Now().Add(time.Second)
	_ = c.SetReadDeadline(soon)
	_ = c.SetWriteDeadline(soon)
	w.Header().Set("Connection", "close")
	http.Error(w, "400 Bad Request", http.StatusBadRequest)
}

type tapedListener struct{ net.Listener }

func (l tapedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tapedConn{Conn: c}, nil
}

type tapedConn struct {
	net.Conn
	tape     tape
	hijacked atomic.Bool
	lingers  atomic.Bool // is read to its end, and closed, by linger
}

func (c *tapedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.tape.record(p[:n])
	return n, err
}

// SetLinger is how a handler that has hijacked the connection resets it.
func (c *tapedConn) SetLinger(sec int) error {
	if tcp, ok := c.Conn.(interface{ SetLinger(sec int) error }); ok {
		return tcp.SetLinger(sec)
	}
	return http.ErrNotSupported
}

type tapeKey struct{}

// tape keeps what has been read from a connection since the end of the last
// request: the head of the next one and what came along with it. net/http
// bounds it by reading no more than MaxHeaderBytes before it calls a handler.
type tape struct {
	mu   sync.Mutex // net/http reads in the background while a handler runs
	on   bool
	skip int64 // bytes of the current body that are still to come
	seen []byte

	chunked bool // the last request is, so that nobody here knows where it ends
}

func (t *tape) record(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.on {
		return
	}
	body := min(t.skip, int64(len(p)))
	t.skip -= body
	t.seen = append(t.seen, p[body:]...)
}

func (t *tape) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on, t.seen, t.skip, t.chunked = false, nil, 0, false
}

// unread says whether there may be more of the current body to read.
func (t *tape) unread() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.skip > 0 || t.chunked
}

// doubtful is called once for every request of a connection, when its head has
// just been read, and moves the tape to the end of its body.
func (t *tape) doubtful(r *http.Request) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen = bytes.TrimLeft(t.seen, "\r\n") // net/http forgives these after a POST
	end := headEnd(t.seen)
	if end < 0 {
		return true // a request after the last one: the tape is off
	}
	head, rest := t.seen[:end], t.seen[end:]
	if r.ContentLength < 0 {
		t.on, t.seen, t.chunked = false, nil, true
		return hasField(head, "Content-Length")
	}
	if !r.ProtoAtLeast(1, 1) && hasField(head, "Transfer-Encoding") {
		return true
	}
	body := min(r.ContentLength, int64(len(rest)))
	t.skip = r.ContentLength - body
	if cap(t.seen) > 4<<10 { // not kept for as long as the connection idles
		t.seen = nil
	}
	t.seen = append(t.seen[:0], rest[body:]...)
	return false
}

// headEnd returns where the first empty line ends, or -1. Like net/http it
// takes a line to end with LF, with or without CR.
func headEnd(b []byte) int {
	end := -1
	if i := bytes.Index(b, []byte("\n\r\n")); i >= 0 {
		end, b = i+3, b[:i+1]
	}
	if i := bytes.Index(b, []byte("\n\n")); i >= 0 {
		end = i + 2
	}
	return end
}

func hasField(head []byte, name string) bool {
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		field, _, ok := bytes.Cut(line, []byte(":"))
		if ok && bytes.EqualFold(bytes.TrimSpace(field), []byte(name)) {
			return true
		}
	}
	return false
}
