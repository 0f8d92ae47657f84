package inprocess

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"

	"vestibule/internal/web"
)

var (
	errAborted    = fmt.Errorf("inprocess: the handler broke off before it answered: %w", io.EOF)
	errSwitched   = errors.New("inprocess: the handler switched protocols, for which there is no connection")
	errClientLeft = fmt.Errorf("inprocess: the client has left: %w", io.ErrClosedPipe)
)

// exchange is one request and its answer. The handler's goroutine works at one
// end; the caller of RoundTrip, who then reads the answer, at the other.
type exchange struct {
	ctx     context.Context    // the client's
	cancel  context.CancelFunc // ends the handler's
	request *http.Request      // the client's, for Response.Request
	body    requestBody
	w       responseWriter
	pipe    pipe

	// What RoundTrip returns: the first call of answer decides.
	once     sync.Once
	answered chan struct{} // closed then
	response *http.Response
	err      error

	stop func() bool // of the client's end alone: no longer waits for the end of ctx
}

func newExchange(req *http.Request) (*exchange, *http.Request, error) {
	x := &exchange{ctx: req.Context(), request: req, answered: make(chan struct{})}
	if x.ctx.Err() != nil {
		return nil, nil, context.Cause(x.ctx)
	}
	// Nothing of the client's context but its end may reach the handler.
	ctx, cancel := context.WithCancel(context.Background())
	in, err := incoming(ctx, req)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	x.cancel = cancel
	x.pipe.moved.L = &x.pipe.mu
	x.w = responseWriter{x: x, head: in.Method == http.MethodHead, header: make(http.Header)}
	in.Body = http.NoBody
	if in.ContentLength != 0 {
		x.body = requestBody{x: x, src: req.Body, left: in.ContentLength, sent: req.Trailer, trailer: in.Trailer}
		in.Body = &x.body
	}
	return x, in, nil
}

// serve runs the handler to its end.
func (x *exchange) serve(t *Transport, in *http.Request) {
	returned := false
	defer func() {
		if !returned { // a panic, or runtime.Goexit
			if p := recover(); p != nil && p != http.ErrAbortHandler { // compared as net/http does
				t.log().Error("panic of a handler that was called in-process", slog.String("method", in.Method),
					slog.String("path", web.LogPath(in.URL)), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			}
			x.pipe.end(io.ErrUnexpectedEOF, nil)
			x.answer(nil, errAborted)
		}
		x.cancel()
		_ = x.body.close(bodyClosed)
	}()
	t.Handler.ServeHTTP(&x.w, in)
	x.cancel()
	x.w.finish()
	if in.MultipartForm != nil {
		_ = in.MultipartForm.RemoveAll() // its temporary files, as net/http's server does
	}
	returned = true
}

// answer ends the waiting of RoundTrip. Only the first call counts.
func (x *exchange) answer(response *http.Response, err error) {
	x.once.Do(func() {
		x.response, x.err = response, err
		close(x.answered)
	})
}

// wait is the rest of RoundTrip.
func (x *exchange) wait() (*http.Response, error) {
	select {
	case <-x.answered:
	case <-x.ctx.Done():
		x.answer(nil, context.Cause(x.ctx)) // unless both came at once
	}
	if x.err != nil {
		err := x.err
		if x.ctx.Err() != nil { // the better reason, of which err may be a consequence
			err = context.Cause(x.ctx)
		}
		x.leave(err)
		return nil, err
	}
	if x.pipe.open() {
		x.stop = context.AfterFunc(x.ctx, func() { x.leave(context.Cause(x.ctx)) })
	}
	return x.response, nil
}

// leave is what closing the connection is on a socket: the handler's context
// ends, its writes and reads fail. It has no effect once the client has read
// everything. The client's own reads fail with err from now on.
func (x *exchange) leave(err error) {
	if x.pipe.leave(err) {
		x.cancel()
		_ = x.body.close(bodyAbandoned)
	}
}

// fail breaks the exchange off because of err, which the client gets, be it
// from RoundTrip or from the answer's body.
func (x *exchange) fail(err error) {
	x.leave(err)
	x.cancel() // also when the client has everything and nothing to leave
	x.answer(nil, err)
}
