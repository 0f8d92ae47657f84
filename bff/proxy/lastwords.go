package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// The rules for a stream whose session ends:
//
//   - Its client is told the reason before the stream ends. Otherwise it could not tell the end
//     from a broken connection, and would try to open the stream again and again.
//   - An event stream gets a last event, session.ended. A WebSocket gets a close frame with the
//     code 4401 (farewell.go).
//   - Nothing is inserted into an incomplete event or frame: the client would read half of it
//     as a whole. Such a stream just ends.
//   - A client that does not read has lastWords to do so.
const lastWords = time.Second

// lastEvent is the end of an event stream whose session has ended.
const lastEvent = "event: session.ended\ndata: {\"code\":\"SESSION_EXPIRED\",\"message\":\"" + SessionExpired + "\"}\n\n"

// SessionExpired is what a client is told when its session has ended.
const SessionExpired = "Session expired. Please log in again."

var errSessionOver = errors.New("the session has ended")

// leaseEnded reports whether the exchange ends because its session has ended, and not
// because its client has left or the process stops.
func (x *exchange) leaseEnded() bool {
	return x.lease.Err() != nil && x.in.Context().Err() == nil
}

// eventBody is the body of an event stream.
type eventBody struct {
	io.ReadCloser
	x    *exchange
	tail []byte // the last bytes that were read, at most three
	told bool
}

// takesLastEvent reports whether an event can be appended to the answer.
func takesLastEvent(res *http.Response) bool {
	mediaType, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	encoding := res.Header.Get("Content-Encoding")
	return strings.EqualFold(strings.TrimSpace(mediaType), "text/event-stream") && (encoding == "" || strings.EqualFold(encoding, "identity"))
}

func (b *eventBody) Read(p []byte) (int, error) {
	if b.told {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.tail = append(b.tail, p[max(0, n-3):n]...)
		b.tail = b.tail[max(0, len(b.tail)-3):]
		return n, nil // the next read returns the error again
	}
	if err == nil || !b.x.leaseEnded() || !b.betweenEvents() || len(p) < len(lastEvent) {
		return 0, err
	}
	b.told = true
	b.x.note(errSessionOver)
	return copy(p, lastEvent), nil
}

// betweenEvents reports whether the bytes so far end with a complete event.
func (b *eventBody) betweenEvents() bool {
	for _, end := range []string{"\n\n", "\r\r", "\n\r\n"} {
		if bytes.HasSuffix(b.tail, []byte(end)) {
			return true
		}
	}
	return len(b.tail) == 0
}
