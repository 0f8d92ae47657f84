package inprocess

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
)

// The states of a request's body.
const (
	bodyOpen      = iota
	bodyClosed    // by the handler, or because it has returned
	bodyAbandoned // because the exchange has failed
)

var errBodyCut = fmt.Errorf("inprocess: request body: the client has left: %w", io.ErrUnexpectedEOF)

// requestBody is the client's body in the hands of the handler, who reads it
// with no goroutine and no buffer in between.
type requestBody struct {
	x     *exchange
	src   io.ReadCloser // nil: none
	state atomic.Int32

	reading       sync.Mutex  // not taken by close, which may have to end a Read
	left          int64       // bytes that the declared length still asks for; negative: none declared
	err           error       // once a Read has failed or found the end
	sent, trailer http.Header // the client's trailer; the one that the handler looks at
}

func (b *requestBody) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	switch state := b.state.Load(); {
	case state == bodyClosed:
		return 0, http.ErrBodyReadAfterClose
	case b.err != nil || len(p) == 0:
		return 0, b.err
	case state == bodyAbandoned:
		return 0, errBodyCut
	}
	if b.left > 0 {
		p = p[:min(int64(len(p)), b.left)]
	}
	n, err := b.src.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	switch {
	case b.left == 0:
		b.err = io.EOF
	case err == io.EOF && b.left > 0:
		b.err = b.fail(fmt.Errorf("inprocess: the request's body ended %d bytes before its Content-Length", b.left))
	case err == io.EOF:
		b.err = io.EOF
		b.readTrailer()
	case err != nil:
		b.err = b.fail(err)
	}
	return n, b.err
}

// fail gives the client its reason and the handler what a server would: a body
// that breaks off. The handler can read the reason but not recognise it, for a
// *http.MaxBytesError of the client's, say, is about the client's limit.
func (b *requestBody) fail(reason error) error {
	if b.state.Load() == bodyClosed {
		return http.ErrBodyReadAfterClose // which is why the Read failed
	}
	b.x.fail(reason)
	return fmt.Errorf("inprocess: request body: %w: %v", io.ErrUnexpectedEOF, reason)
}

func (b *requestBody) readTrailer() {
	if b.trailer == nil {
		return
	}
	if values, err := carry(b.sent, true); err == nil {
		maps.Copy(b.trailer, values)
	}
}

// Close is the handler's.
func (b *requestBody) Close() error { return b.close(bodyClosed) }

func (b *requestBody) close(as int32) error {
	if b.src == nil || !b.state.CompareAndSwap(bodyOpen, as) {
		return nil
	}
	if as == bodyAbandoned {
		// Who leaves does not wait, and closing a server's request body waits
		// for a Read that is under way and reads on itself.
		go func() { _ = b.src.Close() }()
		return nil
	}
	return b.src.Close()
}
