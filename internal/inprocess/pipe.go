package inprocess

import (
	"io"
	"net/http"
	"slices"
	"sync"
)

// streamBuffer is how many written bytes may wait for the reader without the
// writer waiting too, so that small writes do not wake it one by one.
const streamBuffer = 4 << 10

// pipe carries an answer's body from the handler to the client. Small writes
// gather in a buffer until it is full or flushed. What does not fit is read from
// where it lies while its writer waits: that is the back-pressure, and a large
// body costs one copy and no memory.
type pipe struct {
	mu    sync.Mutex
	moved sync.Cond // anything changed that the other end may wait for

	buf     []byte // buf[off:] is written and not yet read
	off     int
	visible int    // the reader may have buf[off:visible]
	lent    []byte // follows buf; belongs to a write that waits
	ended   error  // the writer's end: io.EOF, or why the body breaks off
	trailer http.Header

	left int64 // bytes that a declared length still asks for; negative: none declared
	done bool  // the reader has had all there is
	gone error // the reader has left; what its reads get
}

// gather copies as much of b as fits below limit and never waits.
func gather[T []byte | string](p *pipe, b T, limit int) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.closed(); err != nil {
		return 0, err
	}
	if p.off == len(p.buf) {
		p.buf, p.off, p.visible = p.buf[:0], 0, 0
	}
	n := min(len(b), limit-len(p.buf))
	switch {
	case p.buf == nil:
		p.buf = make([]byte, 0, max(n, 512)) // most answers fit and come at once
	case len(p.buf)+n > cap(p.buf):
		p.buf = slices.Grow(p.buf, limit-len(p.buf))
	}
	p.buf = append(p.buf, b[:n]...)
	return n, nil
}

// lend shows the reader all that was gathered, then b, and returns when b has
// been read.
func (p *pipe) lend(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.closed(); err != nil {
		return 0, err
	}
	p.visible, p.lent = len(p.buf), b
	p.moved.Broadcast()
	for len(p.lent) > 0 && p.closed() == nil {
		p.moved.Wait()
	}
	n := len(b) - len(p.lent)
	p.lent = nil
	if n < len(b) {
		return n, p.closed()
	}
	return n, nil
}

// flush shows the reader all that was gathered.
func (p *pipe) flush() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.closed(); err != nil {
		return err
	}
	p.visible = len(p.buf)
	p.moved.Broadcast()
	return nil
}

// end is the writer's last word. With io.EOF the body is whole; with any other
// error the reader gets that after what was flushed.
func (p *pipe) end(err error, trailer http.Header) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != nil {
		return
	}
	p.ended, p.trailer = err, trailer
	if err == io.EOF {
		p.visible = len(p.buf)
	} else {
		p.buf = p.buf[:p.visible]
	}
	p.moved.Broadcast()
}

// closed is why writing is no longer possible.
func (p *pipe) closed() error {
	switch {
	case p.gone != nil:
		return errClientLeft
	case p.ended != nil:
		return io.ErrClosedPipe
	}
	return nil
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if p.gone != nil {
			return 0, p.gone
		}
		n := p.take(b)
		err := p.atEnd()
		if n > 0 || err != nil {
			return n, err
		}
		p.moved.Wait()
	}
}

func (p *pipe) take(b []byte) int {
	n := copy(b, p.buf[p.off:p.visible])
	p.off += n
	if p.off == len(p.buf) && len(p.lent) > 0 {
		m := copy(b[n:], p.lent)
		p.lent = p.lent[m:]
		n += m
		if len(p.lent) == 0 {
			p.moved.Broadcast()
		}
	}
	if p.left > 0 {
		p.left -= int64(n)
	}
	return n
}

func (p *pipe) atEnd() error {
	switch {
	case p.left == 0:
		p.done = true // whatever the handler does after that
		return io.EOF
	case p.ended == nil || p.off < len(p.buf):
		return nil
	case p.ended == io.EOF && p.left > 0: // less than was declared
		return io.ErrUnexpectedEOF
	case p.ended == io.EOF:
		p.done = true
	}
	return p.ended
}

// leave is the reader's end. It does nothing, and returns false, if the reader
// has had everything or has left before.
func (p *pipe) leave(err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done || p.gone != nil {
		return false
	}
	p.gone = err
	p.moved.Broadcast()
	return true
}

// begin is called when the header is sent. length is the number of bytes that
// will follow, or negative; with 0 the reader has all there is already.
func (p *pipe) begin(length int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.done = length, length == 0
}

// writable returns the error that a write would get.
func (p *pipe) writable() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed()
}

// gathered is what was written so far, before begin.
func (p *pipe) gathered() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf
}

// trailing is what follows the body, once that has been read.
func (p *pipe) trailing() http.Header {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trailer
}

// open says whether the handler has not ended and the reader may still leave.
func (p *pipe) open() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.done && p.gone == nil && p.ended == nil
}
