package proxy

import (
	"net/http"
	"slices"
	"strings"
)

// The rules for streams, exchanges that have no end of their own:
//
//   - Each takes a place among those of its session. Without one it is refused: before
//     the API is asked where the request shows what it is for, a WebSocket handshake or
//     an Accept for events, and else when the answer does.
//   - The place is given back when the exchange is over, or when the answer is none.

// streaming are the types of answers that come bit by bit for as long as they like.
var streaming = []string{
	"text/event-stream", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-seq",
	"application/stream+json", "multipart/x-mixed-replace",
}

// asksForStream says whether the request shows that a stream is wanted.
func asksForStream(r *http.Request) bool {
	if r.Method == http.MethodHead {
		return false
	}
	for _, v := range r.Header["Accept"] {
		if slices.ContainsFunc(splitList(v), isStreaming) {
			return true
		}
	}
	return false
}

// isStreaming reads a media type, with or without parameters.
func isStreaming(mediaType string) bool {
	name, _, _ := strings.Cut(mediaType, ";")
	return slices.Contains(streaming, strings.ToLower(strings.TrimSpace(name)))
}

// isStream says whether an answer, other than a switch of protocols, has no end of its own.
func isStream(res *http.Response) bool {
	return res.Request.Method != http.MethodHead && res.ContentLength < 0 && isStreaming(res.Header.Get("Content-Type"))
}

// streamPlace is what an exchange holds while it is a stream.
type streamPlace struct {
	enter func() (leave func(), err error) // nil: nobody counts
	leave func()                           // nil: not taken
}

func (p *streamPlace) take() (err error) {
	if p.enter != nil && p.leave == nil {
		p.leave, err = p.enter()
	}
	return err
}

func (p *streamPlace) give() {
	if p.leave != nil {
		p.leave()
		p.leave = nil
	}
}
