package inprocess

import (
	"context"
	"io"
	"maps"
	"net/http"
)

// responseBody is the client's end of the pipe. A pointer to the exchange and
// nothing else, it costs no allocation.
type responseBody struct{ x *exchange }

func (b responseBody) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if b.x.ctx.Err() != nil { // which nobody watches once the handler has returned
		b.x.leave(context.Cause(b.x.ctx))
	}
	n, err := b.x.pipe.read(p)
	if err == io.EOF {
		b.unwatch()
		b.takeTrailer()
	}
	return n, err
}

// Close, before the end was read, is how the client leaves.
func (b responseBody) Close() error {
	b.x.leave(http.ErrBodyReadAfterClose)
	b.unwatch()
	return nil
}

func (b responseBody) unwatch() {
	if b.x.stop != nil {
		b.x.stop()
	}
}

// takeTrailer gives the client the trailer, in its own goroutine: it may have
// looked at the map before.
func (b responseBody) takeTrailer() {
	trailer := b.x.pipe.trailing()
	switch res := b.x.response; {
	case len(trailer) == 0:
	case res.Trailer == nil:
		res.Trailer = trailer
	default:
		maps.Copy(res.Trailer, trailer)
	}
}
