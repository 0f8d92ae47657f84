package api

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// eventStream writes events. They may be buffered until flush.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	l       *listener
	seen    int64         // the number of the latest written event
	life    time.Duration // of the token
	asked   chan struct{} // buffers one question whether the reader is still there
}

// errLeft means that the client has closed the connection.
var errLeft = errors.New("the client has closed the connection")

// begin writes the header, and the block that sets a browser's Last-Event-ID without an
// event.
func (o *eventStream) begin(seen int64, reset []byte) error {
	h := o.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // without this nginx buffers small events
	return o.write(seen, fmt.Appendf(reset, "retry: %d\nid: %d\n\n", retryAfter, seen))
}

// write writes a block. Afterwards the reader has seen the event with the number seen.
// Large blocks are written in pieces: the layers below may keep one write in memory until
// it is sent.
func (o *eventStream) write(seen int64, block []byte) error {
	for len(block) > 0 {
		n := min(len(block), listChunk)
		if _, err := o.w.Write(block[:n]); err != nil { // #nosec G705 -- an event stream, no HTML
			return errLeft
		}
		block = block[n:]
	}
	o.seen = seen
	return nil
}

// beat keeps the connection open.
func (o *eventStream) beat() error { return o.write(o.seen, []byte(":\n\n")) }

// ask makes the stream write something soon (internal/openstreams).
func (o *eventStream) ask() {
	select {
	case o.asked <- struct{}{}:
	default:
	}
}

func (o *eventStream) flush() error {
	if o.control.Flush() != nil {
		return errLeft
	}
	return nil
}
