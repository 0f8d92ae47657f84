package proxy

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"time"
)

// answer is the http.ResponseWriter that ReverseProxy writes to. It keeps a
// separate header until the final status. ReverseProxy copies the headers of the
// API's 1xx answers into it and then clears it: with the real header, this would
// send cookies from a 103 and delete what the layers around us have set. So 1xx
// answers are not forwarded. Neither are trailers, which ReverseProxy adds after
// the status.
type answer struct {
	x         *exchange
	w         http.ResponseWriter
	header    http.Header
	gate      gate // for writes
	unwatch   func() bool
	hijacked  bool
	tells     bool       // the client is told when the session ends
	questions *questions // to the client of an event stream; nil for other answers
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if status < http.StatusOK {
		return
	}
	merge(a.w.Header(), a.header)
	if a.x.mustClose() {
		a.w.Header()["Connection"] = []string{"close"}
	}
	// A client that does not read blocks a write. The end of the exchange must not
	// wait for it.
	a.unwatch = context.AfterFunc(a.x.ctx, a.stopWriting)
	a.w.WriteHeader(status)
	if a.questions != nil {
		a.x.place.answer.Store(a)
	}
}

func (a *answer) stopWriting() {
	if a.tells && a.x.leaseEnded() {
		select {
		case <-a.x.over:
			return
		case <-time.After(lastWords):
		}
	}
	a.cutWrites()
}

func (a *answer) cutWrites() {
	a.gate.close(func() error { return a.x.client.SetWriteDeadline(longAgo) })
}

func (a *answer) Write(p []byte) (int, error) {
	if !a.gate.enter() {
		return 0, context.Cause(a.x.ctx)
	}
	defer a.gate.leave()
	n, err := a.w.Write(p)
	a.questions.wrote(p[:n])
	return n, err
}

// FlushError is called by http.ResponseController.
func (a *answer) FlushError() error {
	if !a.gate.enter() {
		return context.Cause(a.x.ctx)
	}
	defer a.gate.leave()
	return a.x.client.Flush()
}

// Hijack implements http.Hijacker, for a WebSocket.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := a.x.client.Hijack()
	if err != nil {
		return nil, nil, err
	}
	a.hijacked = true
	a.x.endAtStop(func() { a.x.cancel(errStopping) })
	return newTunnel(conn, rw.Reader, a.x), rw, nil
}

// merge adds the API's headers to those that the layers around us have set. If
// both have a header, ours wins, with two exceptions: Cache-Control, which modify
// has already adjusted, and Vary, where the values are joined.
func merge(ours, theirs http.Header) {
	for name, values := range theirs {
		if withhold(name) {
			continue
		}
		mine, both := ours[name]
		switch {
		case !both, name == "Cache-Control":
			ours[name] = values
		case name == "Vary":
			ours[name] = addVary(mine, values)
		}
	}
	if _, typed := ours["Content-Type"]; !typed {
		ours["Content-Type"] = nil // so that net/http does not guess a type
	}
}
