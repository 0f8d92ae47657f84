package inprocess

import "net/http"

// responseBody is the client's end of the answer. It is only a pointer to the exchange, so
// it costs no allocation.
type responseBody struct{ x *exchange }

func (b responseBody) Read(p []byte) (int, error) {
	x := b.x
	x.mu.Lock()
	defer x.mu.Unlock()
	for {
		if x.failed != nil {
			return 0, x.failed
		}
		if n := copy(p, x.out); n > 0 || len(p) == 0 {
			if x.out = x.out[n:]; len(x.out) == 0 {
				x.out = nil // frees the buffer, if the handler has let go of it
				x.moved.Broadcast()
			}
			return n, nil
		}
		if x.ended != nil {
			return 0, x.ended
		}
		x.moved.Wait()
	}
}

// Ready reports whether the next Read does not wait for the handler.
func (b responseBody) Ready() bool {
	b.x.mu.Lock()
	defer b.x.mu.Unlock()
	return len(b.x.out) > 0 || b.x.failed != nil || b.x.ended != nil
}

// Close aborts the exchange, unless the handler has returned.
func (b responseBody) Close() error {
	b.x.fail(http.ErrBodyReadAfterClose)
	return nil
}
