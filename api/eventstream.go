package api

import (
	"errors"
	"fmt"
	"net/http"
)

// eventStream writes events. They may wait for flush to be sent.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	l       *listener
	seen    int64 // the number of the latest event that was written
}

// errLeft means that nobody is there any more to send to.
var errLeft = errors.New("the reader has left")

// begin writes the header, and the block that sets a browser's Last-Event-ID without
// an event.
func (o *eventStream) begin(seen int64, reset []byte) error {
	h := o.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold small events back
	return o.write(seen, fmt.Appendf(reset, "retry: %d\nid: %d\n\n", retryAfter, seen))
}

// write writes a block after which the reader has seen so much. Large ones go in
// pieces: what is written at once may be kept by the layers below until it is sent.
func (o *eventStream) write(seen int64, block []byte) error {
	for len(block) > 0 {
		n := min(len(block), listChunk)
		if _, err := o.w.Write(block[:n]); err != nil {
			return errLeft
		}
		block = block[n:]
	}
	o.seen = seen
	return nil
}

// beat keeps the connection open.
func (o *eventStream) beat() error { return o.write(o.seen, []byte(":\n\n")) }

func (o *eventStream) flush() error {
	if o.control.Flush() != nil {
		return errLeft
	}
	return nil
}
