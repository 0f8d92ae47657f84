package proxy

import (
	"io"
	"net/http"
	"sync"
)

// maxKept is the largest request body that can be sent again. What was read of a body is kept
// until the API has answered.
const maxKept = 64 << 10

// keptBody is a request body that can be sent twice. Its second reader begins with what the
// first one has read, and goes on with the rest: an API may answer before it has read the body.
type keptBody struct {
	first, second keptReader

	reading sync.Mutex // held while src is read, which may wait for the client
	src     io.Reader
	err     error // how src has ended

	mu    sync.Mutex // never held while something waits
	kept  []byte
	lost  bool // a part of what was read is not kept
	again bool // the second reader has taken over
}

// keptReader is one of the two readers.
type keptReader struct {
	body *keptBody
	at   int // how much it has read
}

// keepBody returns r with a body that can be sent again, or r and nil if it has none or is too
// large. A body of unknown length may turn out to be too large.
func keepBody(r *http.Request) (*http.Request, *keptBody) {
	if r.Body == nil || r.ContentLength > maxKept {
		return r, nil
	}
	b := &keptBody{src: r.Body}
	b.first.body, b.second.body = b, b
	r = r.WithContext(r.Context()) // ReverseProxy's own must not change
	r.Body = &b.first
	return r, b
}

// sendAgain reports whether the body of r can be sent again. If so, the first reader gets no more
// of it. b is nil if the body is not kept, or if r has none.
func (b *keptBody) sendAgain(r *http.Request) bool {
	if b == nil {
		return r.Body == nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.again = !b.lost
	return b.again
}

// forget keeps nothing any more: the answer may take long.
func (b *keptBody) forget() {
	if b != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.kept, b.lost = nil, true
	}
}

// Read implements io.Reader. The first reader gets an error when the second one has taken over.
func (k *keptReader) Read(p []byte) (int, error) {
	b := k.body
	b.reading.Lock()
	defer b.reading.Unlock()
	if n := k.readKept(p); n > 0 {
		return n, nil
	}
	if k.isOver() {
		return 0, errExchangeOver
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.src.Read(p)
	b.err = err
	k.at += n
	if k == &b.first && !b.keep(p[:n]) {
		return 0, errExchangeOver // the second reader has taken over meanwhile, and has what was read
	}
	return n, err
}

// Close implements io.Closer. The proxy closes the client's body itself.
func (k *keptReader) Close() error { return nil }

// readKept reads what the other reader has read.
func (k *keptReader) readKept(p []byte) int {
	k.body.mu.Lock()
	defer k.body.mu.Unlock()
	if k == &k.body.first || k.at >= len(k.body.kept) {
		return 0
	}
	n := copy(p, k.body.kept[k.at:])
	k.at += n
	return n
}

func (k *keptReader) isOver() bool {
	k.body.mu.Lock()
	defer k.body.mu.Unlock()
	return k == &k.body.first && k.body.again
}

// keep keeps what the first reader has read. It returns false if the second reader has taken over
// and needs it.
func (b *keptBody) keep(p []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.again:
		b.kept = append(b.kept, p...) // beyond maxKept by one read at most
		return false
	case b.lost:
	case len(b.kept)+len(p) > maxKept:
		b.kept, b.lost = nil, true
	default:
		b.kept = append(b.kept, p...)
	}
	return true
}
