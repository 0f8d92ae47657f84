package inprocess

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"time"
)

// lengthBuffer is how many bytes of an answer wait for the handler to return,
// so that they can be sent with a Content-Length: net/http's number.
const lengthBuffer = 2 << 10

// responseWriter is what the handler answers through. Like any
// http.ResponseWriter it is used by one goroutine at a time.
type responseWriter struct {
	x       *exchange
	head    bool
	header  http.Header // the handler's
	status  int         // 0 until it is decided, and pre with it
	pre     preamble
	sent    bool  // RoundTrip has the answer
	written int64 // in bytes, refused ones included
}

func (w *responseWriter) Header() http.Header { return w.header }

// WriteHeader decides on status and header; what is changed later has no
// effect. As in net/http they are sent when the first bytes leave.
func (w *responseWriter) WriteHeader(status int) {
	switch {
	case w.status != 0:
	case status < 100 || status > 999:
		panic(fmt.Sprintf("inprocess: invalid WriteHeader code %d", status)) // as net/http does
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.inform(status)
	default:
		w.status, w.pre = status, newPreamble(w.header)
	}
}

// inform hands an informational answer to the hook that http.Transport would
// call, and like that one from another goroutine than RoundTrip's.
func (w *responseWriter) inform(status int) {
	trace := httptrace.ContextClientTrace(w.x.ctx)
	if trace == nil || trace.Got1xxResponse == nil || w.x.pipe.writable() != nil {
		return
	}
	h, err := carry(w.header, true)
	if err == nil {
		delete(h, "Content-Length")
		delete(h, "Transfer-Encoding")
		err = trace.Got1xxResponse(status, textproto.MIMEHeader(h))
	}
	if err != nil {
		w.x.fail(err)
	}
}

func (w *responseWriter) Write(p []byte) (int, error)       { return write(w, p) }
func (w *responseWriter) WriteString(s string) (int, error) { return write(w, s) }

func write[T []byte | string](w *responseWriter, p T) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if !bodyAllowed(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	w.written += int64(len(p))
	if w.pre.length >= 0 && w.written > w.pre.length {
		return 0, http.ErrContentLength
	}
	n := 0
	if !w.sent {
		var err error
		if n, err = gather(&w.x.pipe, p, lengthBuffer); err != nil || n == len(p) {
			return n, err
		}
		w.send(false)
	}
	if w.head {
		return len(p), nil
	}
	m, err := gather(&w.x.pipe, p[n:], streamBuffer)
	n += m
	if err != nil || n == len(p) {
		return n, err
	}
	m, err = w.x.pipe.lend([]byte(p[n:]))
	return n + m, err
}

func (w *responseWriter) Flush() { _ = w.FlushError() }

// FlushError sends what was written so far, or else the header alone. It is
// found by http.ResponseController.
func (w *responseWriter) FlushError() error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.sent {
		w.send(false)
	}
	return w.x.pipe.flush()
}

// finish completes the answer of a handler that has returned.
func (w *responseWriter) finish() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.sent {
		w.end()
		return
	}
	w.send(true)
}

// send gives RoundTrip the answer. whole says that its body is complete.
func (w *responseWriter) send(whole bool) {
	w.sent = true
	if w.pre.err == nil && w.status == http.StatusSwitchingProtocols {
		w.pre.err = errSwitched
	}
	if w.pre.err != nil {
		w.x.fail(w.pre.err)
		return
	}
	w.pre.complete(w.status, w.head, w.x.pipe.gathered(), whole)
	res := w.pre.response(w.status, w.x.request)
	if w.head || w.pre.length == 0 {
		w.x.pipe.begin(0)
	} else {
		w.x.pipe.begin(w.pre.length)
		res.Body = responseBody{w.x}
	}
	if whole {
		w.end() // before the client sees it, which then has less to watch
	}
	w.x.answer(res, nil)
}

func (w *responseWriter) end() {
	trailer, err := w.pre.trailer(w.header)
	if err == nil {
		err = io.EOF
	}
	w.x.pipe.end(err, trailer)
}

// SetReadDeadline and SetWriteDeadline refuse: there is no clock on this side.
func (w *responseWriter) SetReadDeadline(time.Time) error  { return http.ErrNotSupported }
func (w *responseWriter) SetWriteDeadline(time.Time) error { return http.ErrNotSupported }

// EnableFullDuplex has nothing to do: every exchange is.
func (w *responseWriter) EnableFullDuplex() error { return nil }
