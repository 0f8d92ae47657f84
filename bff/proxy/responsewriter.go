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
	header    http.Header // ReverseProxy's
	api       http.Header // the API's, of the final answer
	begun     bool        // WriteHeader was called
	hijacked  bool
	tells     bool       // the client is told when the session ends
	questions *questions // to the client of an event stream; nil for other answers

	gate    gate        // for writes
	unwatch func() bool // keeps the end of ctx from calling stopWriting; nil: see watch
	written int64       // bytes of the body
	sending
}

// expect prepares the answer.
func (a *answer) expect(res *http.Response) {
	a.api = canonical(res.Header)
	a.length = res.ContentLength
	a.atOnce = isEvents(res.Header.Get("Content-Type"))
}

func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

func (a *answer) WriteHeader(status int) {
	if status < http.StatusOK {
		return
	}
	if own := a.api["Content-Security-Policy"]; own != nil && a.x.proxy.cfg.OwnCSP {
		a.w.Header()["Content-Security-Policy"] = own
	}
	merge(a.w.Header(), a.api)
	if a.x.mustClose() {
		a.w.Header()["Connection"] = []string{"close"}
	}
	a.begun, a.unsent = true, true
	if a.questions != nil {
		a.watch() // they are written by other goroutines
	}
	a.w.WriteHeader(status)
	if a.questions != nil {
		a.x.place.answer.Store(a)
	}
}

// buffered is how much of an answer net/http keeps in memory before it writes to the client.
const buffered = 2 << 10

// watch is called, with the gate, before the first write that may wait for the client. A client
// that does not read blocks a write. The end of the exchange must not wait for it.
func (a *answer) watch() {
	if a.unwatch == nil {
		a.unwatch = context.AfterFunc(a.x.ctx, a.stopWriting)
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

// end returns when no goroutine writes any more. If cut, it does not wait for a client that
// does not read.
func (a *answer) end(cut bool) {
	a.endQuestions(cut)
	a.endSending(cut)
	if a.unwatch != nil {
		a.unwatch()
	}
}

func (a *answer) Write(p []byte) (int, error) {
	if !a.gate.enter() {
		return 0, context.Cause(a.x.ctx)
	}
	defer a.gate.leave()
	if a.written += int64(len(p)); a.written > buffered {
		a.watch()
	}
	a.stopWaiting()
	n, err := a.w.Write(p) // #nosec G705 -- the API's answer, under our Content-Security-Policy
	a.unsent, a.full = true, len(p) == largeBuffer
	a.questions.wrote(p[:n])
	return n, err
}

// FlushError is called by http.ResponseController, for ReverseProxy. It does not wait for another
// write, such as a question to a client that does not read: ReverseProxy holds a lock here, which
// it needs to end an answer. Whoever writes sends what is left here.
func (a *answer) FlushError() error {
	if !a.gate.tryEnter() {
		return context.Cause(a.x.ctx)
	}
	defer a.gate.leave()
	if a.full {
		return nil
	}
	return a.flush()
}

// flush needs the gate.
func (a *answer) flush() error {
	a.watch()
	a.unsent = false
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

// canonical returns a header with the names that merge expects. Those of a RoundTripper in the
// process may have another spelling.
func canonical(h http.Header) http.Header {
	for name := range h {
		if http.CanonicalHeaderKey(name) == name {
			continue
		}
		renamed := make(http.Header, len(h))
		for name, values := range h {
			for _, v := range values {
				renamed.Add(name, v)
			}
		}
		return renamed
	}
	return h
}
