package proxy

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// The rules for streams, which are exchanges without a natural end:
//
//   - Each stream takes one of the stream places of its session, or is refused. If the
//     request shows that it wants a stream (a WebSocket handshake, or an Accept for
//     events), it takes the place before the API is called. Otherwise it takes the place
//     when the answer turns out to be a stream.
//   - The place is given back when the exchange ends, or when the answer is not a stream.
//   - The wait for a place does not count as one for the API. The session may end during it, and
//     its other streams then leave their places to the one that waits. So the session is checked
//     again after it.

const eventStream = "text/event-stream"

// streaming are the media types of answers that may continue without end.
var streaming = []string{
	eventStream, "application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-seq",
	"application/stream+json", "multipart/x-mixed-replace",
}

// asksForStream reports whether the request wants a stream.
func asksForStream(r *http.Request) bool {
	if r.Method == http.MethodHead {
		return false
	}
	return anyElement(r.Header["Accept"], isStreaming)
}

// isStreaming accepts a media type with or without parameters.
func isStreaming(mediaType string) bool {
	name, _, _ := strings.Cut(mediaType, ";")
	return slices.Contains(streaming, strings.ToLower(strings.TrimSpace(name)))
}

// isEvents reports whether a Content-Type, or an element of an Accept, is that of an event stream.
func isEvents(mediaType string) bool {
	name, _, _ := strings.Cut(mediaType, ";")
	return strings.EqualFold(strings.TrimSpace(name), eventStream)
}

// asksForEvents reports whether the request names event streams among what it accepts.
func asksForEvents(r *http.Request) bool {
	return anyElement(r.Header["Accept"], isEvents)
}

// isStream reports whether an answer, other than a protocol switch, is a stream.
func isStream(res *http.Response) bool {
	return res.Request.Method != http.MethodHead && res.ContentLength < 0 && isStreaming(res.Header.Get("Content-Type"))
}

// streamPlace is the place that an exchange holds while it is a stream.
type streamPlace struct {
	enter   func(ctx context.Context, ask func()) (leave func(), err error) // Grant.Stream; nil: streams are not counted
	confirm func(context.Context) error                                     // Grant.Confirm
	leave   func()                                                          // nil: no place is held
	answer  atomic.Pointer[answer]                                          // can be asked; nil: none, or not yet
}

// noWait is at least as long as it takes to get a place that is free.
const noWait = time.Millisecond

func (p *streamPlace) acquire(ctx context.Context) (err error) {
	if p.enter == nil || p.leave != nil {
		return nil
	}
	begun := time.Now()
	if p.leave, err = p.enter(ctx, p.ask); err == nil && p.confirm != nil && time.Since(begun) > noWait {
		err = p.confirm(ctx)
	}
	return err
}

// ask asks the client of the stream whether it is still there, if possible.
func (p *streamPlace) ask() {
	if a := p.answer.Load(); a != nil {
		a.ask()
	}
}

func (p *streamPlace) release() {
	if p.leave != nil {
		p.leave()
		p.leave = nil
	}
}
