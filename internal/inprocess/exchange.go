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
	errAborted    = fmt.Errorf("inprocess: the handler aborted before it answered: %w", io.EOF)
	errClientLeft = fmt.Errorf("inprocess: the client has disconnected: %w", io.ErrClosedPipe)
	errOver       = errors.New("inprocess: the handler has returned")
)

// exchange is one request and its answer. The handler's goroutine writes it. The caller of
// RoundTrip reads it.
type exchange struct {
	request *http.Request      // the client's
	unwatch func() bool        // stops waiting for the end of the client's context
	cancel  context.CancelFunc // ends the handler's context
	body    requestBody
	w       responseWriter

	mu       sync.Mutex
	moved    sync.Cond      // signals each change of the fields below
	response *http.Response // nil until the handler has sent its header
	out      []byte         // bytes of the answer that the client can read now
	ended    error          // set when the handler has returned: io.EOF, or why the answer is incomplete
	failed   error          // set when the client has disconnected or its body is broken: the client's error
}

func newExchange(req *http.Request) (*exchange, *http.Request, error) {
	if err := req.Context().Err(); err != nil {
		return nil, nil, context.Cause(req.Context())
	}
	// No value of the client's context may reach the handler.
	ctx, cancel := context.WithCancel(context.Background())
	in, err := incoming(ctx, req)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	x := &exchange{request: req, cancel: cancel}
	x.moved.L = &x.mu
	x.w = responseWriter{x: x, head: in.Method == http.MethodHead, header: make(http.Header)}
	if in.ContentLength != 0 {
		x.body = requestBody{x: x, src: req.Body, left: in.ContentLength}
		in.Body = &x.body
	}
	return x, in, nil
}

// serve runs the handler to its end.
func (x *exchange) serve(t *Transport, in *http.Request) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler { //lint:ignore errorlint net/http compares it like this
			t.log().Error("panic of a handler that was called in-process", slog.String("method", in.Method),
				slog.String("path", web.LogPath(in.URL)), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		}
		x.end(nil, nil, io.ErrUnexpectedEOF) // no effect on a finished answer
		x.cancel()
		x.unwatch()
		_ = x.body.Close()
	}()
	t.Handler.ServeHTTP(&x.w, in)
	x.cancel()
	x.w.finish()
}

// wait is the rest of RoundTrip.
func (x *exchange) wait() (*http.Response, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for x.response == nil && x.failed == nil && x.ended == nil {
		x.moved.Wait()
	}
	switch {
	case x.failed != nil:
		return nil, x.failed
	case x.response == nil:
		return nil, errAborted
	}
	return x.response, nil
}

// send gives the client the header.
func (x *exchange) send(response *http.Response) {
	x.mu.Lock()
	x.response = response
	x.mu.Unlock()
	x.moved.Broadcast()
}

// put gives b to the client, once it has read everything before. With wait it also waits
// until the client has read b. Until then b must not change.
func (x *exchange) put(b []byte, wait bool) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.out) > 0 && x.closed() == nil {
		x.moved.Wait()
	}
	if err := x.closed(); err != nil {
		return 0, err
	}
	x.out = b
	x.moved.Broadcast()
	if !wait {
		return len(b), nil
	}
	for len(x.out) > 0 && x.closed() == nil {
		x.moved.Wait()
	}
	n := len(b) - len(x.out)
	x.out = nil
	if n < len(b) {
		return n, x.closed()
	}
	return n, nil
}

// end records that the handler has returned. err is io.EOF if the answer is complete.
// response is nil if the client already has it, or will not get it.
func (x *exchange) end(response *http.Response, out []byte, err error) {
	x.mu.Lock()
	if x.ended == nil {
		x.ended = err
		if response != nil {
			x.response, x.out = response, out
		}
	}
	x.mu.Unlock()
	x.moved.Broadcast()
}

// fail aborts the exchange, like closing the connection on a socket: the client gets err,
// the handler's context ends, its reads and writes fail.
func (x *exchange) fail(err error) {
	if ctx := x.request.Context(); ctx.Err() != nil {
		err = context.Cause(ctx) // the better reason: err may be its consequence
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.failed != nil || x.ended != nil {
		return
	}
	x.failed = err
	x.moved.Broadcast()
	x.cancel()
	if x.body.src != nil {
		// Closing the body of a server's request waits for a Read in progress. The client
		// must not wait when it leaves.
		go func() { _ = x.body.Close() }()
	}
}

// writable returns the error that a write would get.
func (x *exchange) writable() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.closed()
}

func (x *exchange) closed() error {
	switch {
	case x.failed != nil:
		return errClientLeft
	case x.ended != nil:
		return errOver
	}
	return nil
}
