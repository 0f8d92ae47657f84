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

// requestBody is the client's body on its way to the API. It tells apart what
// ReverseProxy and http.Transport report alike: a client that breaks off or
// sends too much, and an API that does not read.
type requestBody struct {
	io.ReadCloser
	x       *exchange
	gate    gate
	eof     atomic.Bool
	failure error // why it does not go on to its end; guarded by gate

	left      int64 // bytes that a declared length still asks for
	confirmed bool  // whole has said yes
}

func newRequestBody(x *exchange, limit int64) *requestBody {
	b := &requestBody{ReadCloser: x.in.Body, x: x, left: x.in.ContentLength}
	if limit > 0 && x.in.ContentLength < 0 {
		// Without a ResponseWriter: the connection is closed by mustClose.
		b.ReadCloser = http.MaxBytesReader(nil, x.in.Body, limit)
	}
	return b
}

func (b *requestBody) Read(p []byte) (int, error) {
	if !b.gate.enter() {
		return 0, errOver
	}
	defer b.gate.leave()
	b.x.patience.pause() // the client has the next move
	b.x.places.rest()
	n, err := b.ReadCloser.Read(p)
	refused := b.goOn(n, err)
	b.x.patience.resume()
	switch {
	case refused != nil:
		if b.x.ctx.Err() == nil { // else the exchange was over before there was an answer
			b.breakOff(refused)
		}
		return 0, refused
	case err == io.EOF:
		b.eof.Store(true)
	case err != nil:
		b.fail(err)
	}
	return n, err
}

// goOn says why what a read gave does not go on to the API, or nil.
func (b *requestBody) goOn(n int, err error) error {
	if b.whole(n, err) {
		if refused := b.confirm(); refused != nil {
			return refused
		}
	}
	if err != nil && err != io.EOF { //lint:ignore errorlint only io.EOF itself is the end of a body
		return nil // it is fail that says why
	}
	return b.x.places.wait()
}

func (b *requestBody) fail(err error) {
	if b.gate.shut.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
		return // our own doing: stopReading
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		b.breakOff(web.BodyTooLarge(tooLarge.Limit))
	} else {
		b.breakOff(web.BrokenBody(err))
	}
}

// breakOff ends the exchange: the API must not take what it has so far for the
// whole, nor, if it has answered already, go on as if all were well.
func (b *requestBody) breakOff(reason error) {
	b.failure = reason
	b.x.cancel(reason)
}

// gate lets one goroutine's reads or writes be ended by another.
type gate struct {
	mu   sync.Mutex // held during a read or write
	shut atomic.Bool
	once sync.Once
}

// enter begins a read or write, unless the gate is shut. It is ended by leave.
func (g *gate) enter() bool {
	g.mu.Lock()
	if g.shut.Load() {
		g.mu.Unlock()
		return false
	}
	return true
}

func (g *gate) leave() { g.mu.Unlock() }

// close shuts the gate and returns when nothing is under way any more.
// interrupt ends what is, by a deadline in the past; it is called again and
// again because whoever sets deadlines may set a later one in between.
func (g *gate) close(interrupt func() error) {
	g.once.Do(func() {
		g.shut.Store(true)
		for !g.mu.TryLock() {
			if interrupt() != nil {
				return // a connection without deadlines, as in-process
			}
			time.Sleep(time.Millisecond)
		}
		g.mu.Unlock()
	})
}
