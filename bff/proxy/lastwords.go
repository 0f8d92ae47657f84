package proxy

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// The rules for a stream whose session ends:
//
//   - Its client is told the reason before the stream ends. Otherwise it could not tell the end
//     from a broken connection, and would try to open the stream again and again.
//   - An event stream gets a last event, session.ended (eventbody.go). A WebSocket gets a close
//     frame with the code 4401 (farewell.go).
//   - Nothing is inserted into an incomplete event or frame: the client would read half of it
//     as a whole. The rest of an event that has begun has restOfEvent to arrive. No event that
//     begins later is passed on. A stream that is still in the middle of an event then, or in
//     the middle of a frame, just ends.
//   - A client that does not read has lastWords to do so.
//
// When the process stops, the streams end that their clients open again by themselves, at
// another instance: event streams that a GET has asked for, as EventSource does, between two
// events, and WebSockets, with the close code 1001. Everything else may be a download or an answer that is made only once,
// so it may finish. The same happens to the streams of a route that a reload removes, or whose rules
// it changes about who may open them (bff/reload.go).
const (
	lastWords = time.Second
	// An API sends an event as a whole, so its rest is on the way already. The time must be short:
	// an ended session gets nothing more.
	restOfEvent = 100 * time.Millisecond
)

// lastEvent is the end of an event stream whose session has ended.
const lastEvent = "event: session.ended\ndata: {\"code\":\"SESSION_EXPIRED\",\"message\":\"" + SessionExpired + "\"}\n\n"

// SessionExpired is what a client is told when its session has ended.
const SessionExpired = "Session expired. Please log in again."

var (
	errSessionOver = errors.New("the session has ended")
	errStopping    = errors.New("the process stops, or the route is gone")
)

// leaseEnded reports whether the exchange ends because its session has ended, and not
// because its client has left or the process stops.
func (x *exchange) leaseEnded() bool {
	return x.leaseOver.Load() && x.in.Context().Err() == nil
}

// takesLastEvent reports whether an event can be appended to the answer.
func takesLastEvent(res *http.Response) bool {
	encoding := res.Header.Get("Content-Encoding")
	return isEvents(res.Header.Get("Content-Type")) && (encoding == "" || strings.EqualFold(encoding, "identity"))
}

// EndStreams ends the streams that their clients open again by themselves, and all later ones.
// It is for a process that stops, and for a route that is gone.
func (p *Proxy) EndStreams() { p.stop() }

// opensAgain reports whether the client opens this stream of events again by itself.
func (x *exchange) opensAgain() bool {
	return x.events && x.in.Method == http.MethodGet
}

// endAtStop calls end when the process stops. If the exchange is not over soon after, it is
// cut: a client that does not read must not delay the stop.
func (x *exchange) endAtStop(end func()) {
	x.awaitEnd()
	x.unstop = context.AfterFunc(x.proxy.stopping, func() {
		end()
		select {
		case <-x.over:
		case <-time.After(lastWords):
			x.cancel(errStopping)
		}
	})
}
