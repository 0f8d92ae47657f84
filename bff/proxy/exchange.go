package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"vestibule/internal/web"
)

// exchange is one request with its answer and everything that can end it.
type exchange struct {
	proxy   *Proxy
	in      *http.Request // as the client sent it
	rest    string        // its path below ours, as it was written
	address string        // of the client
	grant   Grant
	checked time.Time     // just before the session was checked
	upgrade bool          // an allowed WebSocket handshake
	events  bool          // the request asks for events
	places  requestPlaces // among the requests under way
	place   streamPlace   // among the session's streams

	ctx       context.Context         // in's, bounded by the session and by what happens here
	cancel    context.CancelCauseFunc // of ctx
	leaseOver atomic.Bool             // the session has ended
	span      trace.Span              // of the call of the API; nil: none

	out    requestContext
	values [4]string // of headers for the API
	nth    int       // how many of them are used

	cutUpstream context.CancelCauseFunc // ends a request for events to the API; nil for others, which end with ctx
	unbind      func() bool             // keeps the end of ctx from calling it
	unstop      func() bool             // keeps the stop of the process from ending the exchange; may be nil

	client      *http.ResponseController
	body        *requestBody // nil if the request has none
	received    responseBody
	answer      answer
	headerTimer headerTimer

	reverse      httputil.ReverseProxy // the proxy's, with this exchange's BufferPool
	copiesEvents bool                  // the answer is an event stream

	failure   error // the error that ReverseProxy reported instead of an answer
	refused   error // the error of Grant.Stream or Grant.Confirm, when the API has answered
	answerErr error // why the body of the API's answer ended early
	answered  bool  // the client has the complete answer, or gets a refusal

	over chan struct{} // closed by end; nil: nobody waits for it, see awaitEnd

	unwatch      func() bool // keeps the end of ctx from calling stopReading
	stopOnce     once        // for stopReading
	canceled     bool        // the client or the server ended the exchange; set by stopReading
	partlyUnread atomic.Bool // a part of the request's body will never be read
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	return ctx.Value(exchangeKey{}).(*exchange)
}

// requestContext is the context of the request for the API. The exchange is found in it.
type requestContext struct {
	context.Context
	x *exchange
}

// Value implements context.Context.
func (c *requestContext) Value(key any) any {
	if key == (exchangeKey{}) {
		return c.x
	}
	return c.Context.Value(key)
}

func (p *Proxy) newExchange(w http.ResponseWriter, r *http.Request, grant Grant) *exchange {
	x := &exchange{proxy: p, in: r, address: p.cfg.ClientIP(r), grant: grant, events: asksForEvents(r), client: http.NewResponseController(w)}
	x.place.enter, x.place.confirm = grant.Stream, grant.Confirm
	x.answer.x, x.answer.w = x, w
	x.reverse = p.reverse
	x.reverse.BufferPool = bufferOf{x}
	x.headerTimer.limit, x.headerTimer.expired = p.cfg.Timeout, func() { x.cancel(errAnswerTimeout) }
	return x
}

// begin begins the exchange with the API.
func (x *exchange) begin() {
	if x.in.ContentLength != 0 {
		x.body = newRequestBody(x, x.proxy.cfg.BodyLimit)
		x.unwatch = context.AfterFunc(x.ctx, x.stopReading)
		// Otherwise net/http may read the rest of an upload before it sends the
		// first byte of an answer. Connections without support do not need it.
		_ = x.client.EnableFullDuplex()
	}
}

// endLease ends the exchange because its session has ended.
func (x *exchange) endLease(cause error) {
	x.leaseOver.Store(true)
	x.cancel(cause)
}

// request returns the request for ReverseProxy. It has no headers and trailers:
// ReverseProxy cannot forward or act on what it does not see.
func (x *exchange) request() *http.Request {
	x.out = requestContext{x.ctx, x}
	r := x.in.WithContext(&x.out)
	r.Header = nil
	r.Trailer = nil
	r.Body = http.NoBody
	if x.body != nil {
		r.Body = x.body
	}
	return r
}

// end cleans up after the exchange. When it returns, no goroutine reads or writes
// the client's connection, and the request to the API is canceled.
func (x *exchange) end() {
	if x.body != nil {
		x.unwatch()
	}
	// First what is still being sent, because to stop a read also ends the context, and that would
	// cut a complete answer.
	if x.answer.begun && x.answered {
		x.answer.end(false)
	}
	x.stopReading()
	if x.answer.begun && !x.answered {
		x.answer.end(true)
		x.abortAnswer()
	}
	if x.partlyUnread.Load() && x.answered && !x.canceled {
		_ = x.client.SetReadDeadline(time.Now().Add(lingerTime))
	}
	if x.unstop != nil {
		x.unstop()
	}
	if x.cutUpstream != nil {
		x.unbind()
		x.cutUpstream(nil)
	}
	x.cancel(nil)
	x.endSpan(nil)
	if x.over != nil {
		close(x.over)
	}
}

// awaitEnd makes over. It must be called before anything waits for that.
func (x *exchange) awaitEnd() {
	if x.over == nil {
		x.over = make(chan struct{})
	}
}

// upstream returns the context of a request for events to the API. It ends with x.ctx, but when
// the answer is an event stream it may end a little later (eventbody.go).
func (x *exchange) upstream(ctx context.Context) context.Context {
	ctx, x.cutUpstream = context.WithCancelCause(context.WithoutCancel(ctx))
	x.unbind = context.AfterFunc(x.ctx, func() { x.cutUpstream(context.Cause(x.ctx)) })
	return ctx
}

// lingerTime is how long net/http may read the rest of an upload after the answer,
// so that the client can read the answer before its connection closes.
const lingerTime = time.Second

var longAgo = time.Unix(1, 0)

// stopReading ends a running read of the request's body and prevents later ones. The
// transport may wait for a read before it reports anything, and no read may outlive
// the exchange.
func (x *exchange) stopReading() {
	x.stopOnce.do(func() {
		// Check this first: when the read is stopped, net/http assumes that the client
		// has disconnected and cancels the context.
		x.canceled = x.in.Context().Err() != nil
		if x.body == nil || x.body.eof.Load() {
			return
		}
		x.partlyUnread.Store(true)
		interrupt := func() error { return x.client.SetReadDeadline(longAgo) }
		x.body.gate.close(interrupt)
		_ = interrupt() // net/http must not wait for the rest of the body either
	})
}

// mustClose reports whether the client's connection must not be used again.
//
// If a body is invalid or incomplete, its rest could be read as the next request.
// And a chunked request may also have had a Content-Length, by which a server in
// front of us saw a different end of the request. RFC 9112 §6.1 says to close the
// connection then, but net/http does not report whether there was a Content-Length.
func (x *exchange) mustClose() bool {
	return x.body != nil && (x.in.ContentLength < 0 || !x.body.eof.Load() || x.partlyUnread.Load())
}

// note logs an error that came too late for the answer.
func (x *exchange) note(err error) {
	web.Note(x.in, slog.String("broke_off", err.Error()))
}

// abortAnswer ends an incomplete answer. net/http closes the connection, which tells
// an HTTP/1.1 client that a part is missing. In HTTP/1.0, a close is the normal end of
// an answer of unknown length, so the connection is reset instead.
func (x *exchange) abortAnswer() {
	if x.answerErr != nil && !x.canceled {
		x.note(x.answerErr)
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
