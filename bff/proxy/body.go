package proxy

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"vestibule/internal/web"
)

// requestBody is the client's body on its way to the API. It distinguishes two
// faults for which ReverseProxy and http.Transport report the same error: a client
// that stops early or sends too much, and an API that does not read.
type requestBody struct {
	io.ReadCloser
	x       *exchange
	gate    gate
	eof     atomic.Bool
	failure error // why the body was aborted; guarded by gate

	remaining int64 // bytes of the declared length that have not arrived yet
	confirmed bool  // completes has returned true
}

func newRequestBody(x *exchange, limit int64) *requestBody {
	b := &requestBody{ReadCloser: x.in.Body, x: x, remaining: x.in.ContentLength}
	if limit > 0 && x.in.ContentLength < 0 {
		// No ResponseWriter is needed here: mustClose closes the connection.
		b.ReadCloser = http.MaxBytesReader(nil, x.in.Body, limit)
	}
	return b
}

func (b *requestBody) Read(p []byte) (int, error) {
	if !b.gate.enter() {
		return 0, errExchangeOver
	}
	defer b.gate.leave()
	b.x.headerTimer.pause() // the proxy waits for the client now
	b.x.places.pause()
	n, err := b.ReadCloser.Read(p)
	refused := b.checkRead(n, err)
	b.x.headerTimer.resume()
	switch {
	case refused != nil:
		if b.x.ctx.Err() == nil { // otherwise the exchange ended before there was an answer
			b.abort(refused)
		}
		return 0, refused
	case err == io.EOF:
		b.eof.Store(true)
	case err != nil:
		b.fail(err)
	}
	return n, err
}

// checkRead returns the reason why the result of a read must not go on to the API, or
// nil.
func (b *requestBody) checkRead(n int, err error) error {
	if b.completes(n, err) {
		if refused := b.confirm(); refused != nil {
			return refused
		}
	}
	if err != nil && err != io.EOF { //lint:ignore errorlint only io.EOF itself is the end of a body
		return nil // fail reports the reason
	}
	return b.x.places.acquireShared()
}

func (b *requestBody) fail(err error) {
	if b.gate.shut.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
		return // stopReading caused this error
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		b.abort(web.BodyTooLarge(tooLarge.Limit))
	} else {
		b.abort(web.BrokenBody(err))
	}
}

// abort ends the exchange. The API must not treat the part that it has as a complete
// body. If it has already answered, its answer must not continue either.
func (b *requestBody) abort(reason error) {
	b.failure = reason
	b.x.cancel(reason)
}

// gate lets one goroutine stop the reads or writes of another.
type gate struct {
	mu   sync.Mutex // held during a read or write
	shut atomic.Bool
	once once
}

// enter begins a read or write, unless the gate is shut. leave ends it.
func (g *gate) enter() bool {
	g.mu.Lock()
	if g.shut.Load() {
		g.mu.Unlock()
		return false
	}
	return true
}

// tryEnter is enter, except that it does not wait for another read or write.
func (g *gate) tryEnter() bool {
	if !g.mu.TryLock() {
		return false
	}
	if g.shut.Load() {
		g.mu.Unlock()
		return false
	}
	return true
}

func (g *gate) leave() { g.mu.Unlock() }

// closeAfter shuts the gate after the running read or write.
func (g *gate) closeAfter() {
	g.mu.Lock()
	g.shut.Store(true)
	g.mu.Unlock()
}

// close shuts the gate and returns when no read or write is running. interrupt ends
// a running one by setting a deadline in the past. It is called repeatedly, because
// other code may set a later deadline in between.
func (g *gate) close(interrupt func() error) {
	g.once.do(func() {
		g.shut.Store(true)
		for !g.mu.TryLock() {
			if interrupt() != nil {
				return // a connection without deadlines, such as an in-process one
			}
			time.Sleep(time.Millisecond)
		}
		g.mu.Unlock()
	})
}
