package proxy

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// eventBody is the body of an event stream. When the session ends, or the process stops, it
// passes no event on that begins later. It ends between two events, in the first case with
// lastEvent. If the client did not ask for events, the API's answer ends with the session at once,
// also in the middle of an event.
type eventBody struct {
	io.ReadCloser
	x    *exchange
	last *strings.Reader // what follows the API's bytes; nil until they have ended

	mu      sync.Mutex
	tail    []byte // the last bytes that were passed on, at most three
	reading bool   // a read waits for the API
	bounded bool   // cut will be called
}

// follow makes the body of an event stream end between two events, and lets its client be asked
// whether it is still there.
func (x *exchange) follow(res *http.Response) {
	b := &eventBody{ReadCloser: res.Body, x: x}
	res.Body = b
	x.answer.tells, x.answer.questions = true, &questions{}
	x.awaitEnd()
	if x.cutUpstream != nil {
		x.unbind() // from now on b decides when the API's answer is cut
		x.unbind = context.AfterFunc(x.ctx, b.end)
	}
	if x.opensAgain() {
		x.endAtStop(b.end)
	}
}

// over returns why the stream ends, or nil.
func (b *eventBody) over() error {
	switch {
	case b.x.leaseEnded():
		return errSessionOver
	case b.x.proxy.stopping.Err() != nil && b.x.opensAgain() && b.x.ctx.Err() == nil:
		return errStopping
	}
	return nil
}

// end is called when the session ends, the client leaves or the process stops.
func (b *eventBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over() == nil || endsEvent(b.tail) {
		b.cut()
		return
	}
	b.bound()
}

// cut ends the API's answer. A read that waits for it returns an error.
func (b *eventBody) cut() { b.x.cutUpstream(cmp.Or(b.over(), context.Cause(b.x.ctx))) }

// bound bounds the wait for the rest of an event. While the client is slow there is no wait:
// the rest may be here already.
func (b *eventBody) bound() {
	if b.reading && !b.bounded && b.x.cutUpstream != nil && b.over() != nil {
		b.bounded = true
		time.AfterFunc(restOfEvent, b.cut)
	}
}

func (b *eventBody) Read(p []byte) (int, error) {
	for b.last == nil && !b.finish() {
		b.await()
		n, err := b.ReadCloser.Read(p)
		if n = b.pass(p[:n]); n > 0 {
			return n, nil // the next read returns the error again
		}
		if err != nil && !b.finish() {
			return 0, err
		}
	}
	return b.last.Read(p)
}

// finish lets the body end, if it should end and no event is incomplete.
func (b *eventBody) finish() bool {
	reason := b.over()
	if reason == nil || !endsEvent(b.tail) {
		return false
	}
	b.last = strings.NewReader("")
	if errors.Is(reason, errSessionOver) {
		b.last.Reset(lastEvent)
	}
	b.x.note(reason)
	return true
}

// await is called before a read of the API.
func (b *eventBody) await() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = true
	b.bound()
}

// pass is called with what was read. It returns how much of it may be passed on.
func (b *eventBody) pass(p []byte) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = false
	if b.over() != nil {
		p = p[:restLength(b.tail, p)]
	}
	b.tail = lastBytes(b.tail, p)
	return len(p)
}

// restLength returns how many bytes of p belong to the event that has begun, if tail are the
// last bytes before p.
func restLength(tail, p []byte) int {
	all := append(bytes.Clone(tail), p...)
	for n := range p {
		if endsEvent(all[:len(tail)+n]) {
			return n
		}
	}
	return len(p)
}

// endsEvent reports whether a stream with these last bytes ends with a complete event.
func endsEvent(tail []byte) bool {
	for _, end := range []string{"\n\n", "\r\r", "\n\r\n"} {
		if bytes.HasSuffix(tail, []byte(end)) {
			return true
		}
	}
	return len(tail) == 0
}
