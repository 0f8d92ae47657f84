package roundtrip

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
)

// exchange is one request with its answer on a connection. It is the body of the answer.
type exchange struct {
	t        *Transport
	c        *conn
	ctx      context.Context // of the request
	unwatch  func() bool     // ends the watch of ctx; false: the deadline of c is or will be in the past
	reusable bool            // c can be used again after the body's end
	over     atomic.Bool     // c is closed or given back
	closed   atomic.Bool     // Close was called

	body io.Reader // as net/http decodes it
	err  error     // what the last read returned, if it was the last one
}

var errClosedBody = errors.New("read of a closed body")

// Read reads the body. One goroutine may read while another one calls Close.
func (x *exchange) Read(p []byte) (int, error) {
	if x.closed.Load() {
		return 0, errClosedBody
	}
	if x.err != nil {
		return 0, x.err // net/http's body returns io.EOF after io.ErrUnexpectedEOF
	}
	n, err := x.body.Read(p)
	if err == nil {
		return n, nil
	}
	//lint:ignore errorlint only io.EOF itself is the end of a body
	if err == io.EOF {
		x.end(true)
	} else {
		err = x.fail(err)
	}
	x.err = err
	return n, err
}

// Ready reports whether the next Read does not wait for the server. It is for the goroutine that
// reads.
func (x *exchange) Ready() bool {
	return x.err != nil || x.c.in.Buffered() > 0 // after the end, c may belong to another exchange
}

// Close ends the exchange. If the body was not read to its end, it closes the connection: reading
// the rest could take forever. A read in progress fails.
func (x *exchange) Close() error {
	x.closed.Store(true)
	x.end(false)
	return nil
}

// fail ends the exchange and returns the reason: the end of the context, or else err.
func (x *exchange) fail(err error) error {
	x.end(false)
	if x.ctx.Err() != nil {
		return context.Cause(x.ctx)
	}
	return err
}

// end gives the connection back if the answer is complete, or closes it. Only the first call
// does something.
func (x *exchange) end(complete bool) {
	if x.over.Swap(true) {
		return
	}
	// If the watch has begun to act, the connection's deadline changes now or later. It must not
	// change during the next exchange.
	unwatched := x.unwatch()
	// What follows the answer unasked could be taken for the answer to the next request.
	if complete && unwatched && x.reusable && x.c.in.Buffered() == 0 {
		x.t.idle.put(x.c, x.t.MaxIdle, x.t.IdleTimeout)
		return
	}
	_ = x.c.Close()
}
