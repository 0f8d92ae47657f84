package inprocess

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
)

var errBodyCut = fmt.Errorf("inprocess: request body: the client has disconnected: %w", io.ErrUnexpectedEOF)

// requestBody is the client's body. The handler reads it directly, with no
// goroutine and no buffer in between.
type requestBody struct {
	x      *exchange
	src    io.ReadCloser // nil if there is no body
	left   int64         // bytes up to the declared length; negative if none is declared
	err    error         // how reading has ended
	closed atomic.Bool
}

func (b *requestBody) Read(p []byte) (int, error) {
	switch {
	case b.closed.Load():
		return 0, b.whyClosed()
	case b.err != nil || len(p) == 0:
		return 0, b.err
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
		b.err = err
	case err != nil:
		b.err = b.fail(err)
	}
	return n, b.err
}

// fail gives the client the reason. The handler gets the error of an aborted body, as from
// a server. The handler's error does not wrap the reason: the handler could mistake a
// *http.MaxBytesError of the client for its own limit.
func (b *requestBody) fail(reason error) error {
	if b.closed.Load() {
		return b.whyClosed() // closing has ended the Read
	}
	b.x.fail(reason)
	return fmt.Errorf("inprocess: request body: %w: %v", io.ErrUnexpectedEOF, reason)
}

func (b *requestBody) whyClosed() error {
	if errors.Is(b.x.writable(), errClientLeft) {
		return errBodyCut
	}
	return http.ErrBodyReadAfterClose
}

func (b *requestBody) Close() error {
	if b.src == nil || b.closed.Swap(true) {
		return nil
	}
	return b.src.Close()
}
