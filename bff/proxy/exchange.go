package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"vestibule/internal/web"
)

// exchange is one request, its answer, and everything that can end it.
type exchange struct {
	proxy   *Proxy
	in      *http.Request // as the client sent it
	bearer  string
	expired func() bool                 // of the bearer; may be nil
	confirm func(context.Context) error // Grant.Confirm
	checked time.Time                   // when the session was, or just before
	upgrade bool                        // a WebSocket handshake that is allowed
	places  *placed                     // among the requests under way
	place   *streamPlace                // among the session's streams

	lease  context.Context         // in's, bounded by the session
	ctx    context.Context         // lease, bounded by what happens here
	cancel context.CancelCauseFunc // of ctx

	client   *http.ResponseController
	body     *requestBody // nil if the request has none
	answer   answer
	patience patience

	failure  error // what ReverseProxy reported instead of an answer
	broken   error // why the API's body broke off
	answered bool  // the client has its answer whole, or gets a refusal

	unwatch  func() bool // of the request's body
	stopped  sync.Once   // stopReading
	left     bool        // the client or the server ended the exchange; set by stopReading
	readLess atomic.Bool // a part of the request's body will never be read
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	return ctx.Value(exchangeKey{}).(*exchange)
}

func (p *Proxy) begin(w http.ResponseWriter, r *http.Request, lease context.Context) *exchange {
	x := &exchange{proxy: p, in: r, lease: lease, client: http.NewResponseController(w)}
	x.ctx, x.cancel = context.WithCancelCause(lease)
	x.answer = answer{x: x, w: w, header: make(http.Header)}
	x.patience = patience{limit: p.cfg.Timeout, expired: func() { x.cancel(errLate) }}
	if r.ContentLength != 0 {
		x.body = newRequestBody(x, p.cfg.BodyLimit)
		x.unwatch = context.AfterFunc(x.ctx, x.stopReading)
		// Otherwise net/http may read the rest of an upload before it sends the
		// first byte of an answer. Where it is not supported it is not needed.
		_ = x.client.EnableFullDuplex()
	}
	return x
}

// request is what ReverseProxy gets to see. Without headers and trailers: what
// it cannot see it can neither forward nor act upon.
func (x *exchange) request() *http.Request {
	r := x.in.WithContext(context.WithValue(x.ctx, exchangeKey{}, x))
	r.Header = http.Header{}
	r.Trailer = nil
	r.Body = http.NoBody
	if x.body != nil {
		r.Body = x.body
	}
	return r
}

// end leaves nothing of the exchange behind: no goroutine that reads or writes
// the client's connection, no request at the API.
func (x *exchange) end() {
	if x.body != nil {
		x.unwatch()
	}
	x.stopReading()
	if x.answer.unwatch != nil {
		x.answer.unwatch()
		if !x.answered {
			x.brokeOff()
		}
	}
	if x.readLess.Load() && x.answered && !x.left {
		_ = x.client.SetReadDeadline(time.Now().Add(lingering))
	}
	x.cancel(nil)
}

// lingering is how long net/http may take after an answer to read what a client
// still sends, so that the client reads the answer before its connection dies.
const lingering = time.Second

var longAgo = time.Unix(1, 0)

// stopReading ends a read of the request's body and lets no other begin: the
// transport may wait for one to end before it reports anything, and none may
// outlive the exchange.
func (x *exchange) stopReading() {
	x.stopped.Do(func() {
		// Before the read is ended, which net/http takes for a client that left.
		x.left = x.in.Context().Err() != nil
		if x.body == nil || x.body.eof.Load() {
			return
		}
		x.readLess.Store(true)
		interrupt := func() error { return x.client.SetReadDeadline(longAgo) }
		x.body.gate.close(interrupt)
		_ = interrupt() // what net/http reads of the body later gets no time either
	})
}

// mustClose says whether the client's connection cannot be used again.
//
// What remains of a body would be read as the next request if it were broken or
// never came. And a chunked request may have had a Content-Length, too, by
// which someone before us saw another end of it: RFC 9112 §6.1 has the
// connection closed, but net/http does not say whether there was one.
func (x *exchange) mustClose() bool {
	return x.body != nil && (x.in.ContentLength < 0 || !x.body.eof.Load() || x.readLess.Load())
}

// note adds to the log what no answer can tell any more.
func (x *exchange) note(err error) {
	web.Note(x.in, slog.String("broke_off", err.Error()))
}

// brokeOff is the end of an answer that is not whole. net/http closes the
// connection, and HTTP/1.1 shows by that that something is missing. In HTTP/1.0
// the same close is how an answer of unknown length ends well, so there the
// connection is reset instead.
func (x *exchange) brokeOff() {
	if x.broken != nil && !x.left {
		x.note(x.broken)
	}
	if x.in.ProtoAtLeast(1, 1) {
		return
	}
	conn, _, err := x.client.Hijack()
	if err != nil {
		return
	}
	if c, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = c.SetLinger(0)
	}
	_ = conn.Close()
}
