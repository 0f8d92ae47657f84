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

// Request smuggling: if two servers disagree about where a request ends, the second takes a
// part of the body for another request (RFC 9112 §11.2). net/http answers most doubtful
// framing with a 400 and closes the connection. But it hides two contradictions from
// handlers: it removes Content-Length from a chunked request, and Transfer-Encoding from an
// HTTP/1.0 request. So:
//
//   1. Content-Length with Transfer-Encoding, and Transfer-Encoding in HTTP/1.0, are
//      refused with 400 and the connection is closed (§6.1).
//   2. A connection is not used again after a chunked request. RFC 9112 §6.1 demands this
//      where rule 1 cannot be checked. It also makes the start of every request certain:
//      all requests before it have a Content-Length or no body.
//
// If TLS ends in this process, or another listener wraps this one, only rule 2 can be kept.

// GuardFraming makes srv keep these rules for all connections that it accepts from the
// returned listener, which wraps ln. Call it before Serve, when srv has its Handler,
// ConnContext and ConnState. srv must speak HTTP/1 only.
func GuardFraming(srv *http.Server, ln net.Listener) net.Listener {
	// net/http's own answer to OPTIONS * would bypass the handler below.
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

// refuseFraming answers as net/http does. It runs outside Deadlines, so it sets its own
// deadlines: a client that neither sends nor reads is gone in a second.
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
	lingers  atomic.Bool // linger reads and closes the connection
}

func (c *tapedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.tape.record(p[:n])
	return n, err
}

// NetConn returns the connection below, as that of tls.Conn does.
func (c *tapedConn) NetConn() net.Conn { return c.Conn }

// SetLinger lets a handler that has hijacked the connection reset it.
func (c *tapedConn) SetLinger(sec int) error {
	if tcp, ok := c.Conn.(interface{ SetLinger(sec int) error }); ok {
		return tcp.SetLinger(sec)
	}
	return http.ErrNotSupported
}

type tapeKey struct{}

// tape keeps the bytes read from a connection since the end of the last request: the head
// of the next request and what arrived with it. Its size is bounded, because net/http reads
// at most MaxHeaderBytes before it calls a handler.
type tape struct {
	mu   sync.Mutex // net/http reads in the background while a handler runs
	on   bool
	skip int64 // bytes of the current body that are still to come
	seen []byte

	chunked bool // the last request was chunked: its end is unknown here
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

// unread reports whether the current body may have more to read.
func (t *tape) unread() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.skip > 0 || t.chunked
}

// doubtful is called once for every request, when its head has just been read. It moves the
// tape to the end of the request's body.
func (t *tape) doubtful(r *http.Request) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen = bytes.TrimLeft(t.seen, "\r\n") // net/http accepts these after a POST
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
	if cap(t.seen) > 4<<10 { // do not keep it while the connection idles
		t.seen = nil
	}
	t.seen = append(t.seen[:0], rest[body:]...)
	return false
}

// headEnd returns where the first empty line ends, or -1. Like net/http it accepts LF and
// CR LF as the end of a line.
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
