package inprocess

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// RemoteAddr is the RemoteAddr of every request. No socket has port 0, so it cannot be
// mistaken for a real connection from loopback.
const RemoteAddr = "127.0.0.1:0"

// Transport is an http.RoundTripper whose server is Handler. Its fields must
// not change while it is in use.
type Transport struct {
	Handler http.Handler
	// Log gets a handler's panic with its stack; nil means slog.Default().
	// http.ErrAbortHandler is not logged.
	Log *slog.Logger
	// Idle is how long the goroutine of a call waits for the next call, to save the growth of
	// another stack. 0: it ends with the call.
	Idle time.Duration

	workers workers
}

// RoundTrip calls the handler in another goroutine. It returns when the handler has sent
// its header: by Flush, by writing more than the buffer holds, or by returning. It fails
// with
//
//   - the cause of the context's end, as soon as the request's context has ended, whether
//     or not the handler reacts;
//   - the same error that reading the request's body returned;
//   - an error that wraps io.EOF when the handler panicked (after the header, reading the
//     answer's body fails with io.ErrUnexpectedEOF instead);
//   - an error about a request or an answer that this package does not support.
//
// The request's body is closed once: when the handler has returned or closes it. If the
// exchange fails earlier, another goroutine closes it at once, which ends a waiting Read.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	x, in, err := newExchange(req)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	x.unwatch = context.AfterFunc(ctx, func() { x.fail(context.Cause(ctx)) })
	t.workers.run(func() { x.serve(t, in) }, t.Idle)
	return x.wait()
}

func (t *Transport) log() *slog.Logger {
	if t.Log == nil {
		return slog.Default()
	}
	return t.Log
}
