package inprocess

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	// lengthBuffer is how many bytes of an answer wait for the handler to return, so that
	// they can be sent with a Content-Length. It is net/http's number.
	lengthBuffer = 2 << 10
	// streamBuffer is how many bytes of a longer answer are collected, so that small writes
	// do not wake the reader one by one.
	streamBuffer = 4 << 10
)

// responseWriter is the handler's ResponseWriter. Only one goroutine uses it at a time.
type responseWriter struct {
	x       *exchange
	head    bool           // the request is a HEAD
	header  http.Header    // the handler's
	res     *http.Response // nil until WriteHeader
	sent    bool           // the client has received res
	written int64          // in bytes, including refused ones
	pending []byte         // written, not yet given to the client
	spare   []byte         // the client reads from here, unless it has read it all
}

func (w *responseWriter) Header() http.Header { return w.header }

// WriteHeader fixes the status and the header. Later changes have no effect. As in net/http
// they are sent with the first bytes.
func (w *responseWriter) WriteHeader(status int) {
	if w.res != nil {
		return
	}
	if status < 200 || status > 999 {
		panic(fmt.Sprintf("inprocess: invalid WriteHeader code %d", status)) // as net/http does
	}
	w.res = &http.Response{
		Status:        statusLine(status),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Body:          http.NoBody,
		ContentLength: -1,
		Request:       w.x.request,
	}
	if err := w.decide(); err != nil {
		w.x.fail(err)
	}
}

// decide sets the header and the length of the answer.
func (w *responseWriter) decide() (err error) {
	if w.res.Header, err = copyHeader(w.header); err != nil {
		return err
	}
	h := w.res.Header
	for _, name := range []string{"Trailer", "Transfer-Encoding"} {
		if _, ok := h[name]; ok {
			return fmt.Errorf("inprocess: the answer has a header %s", name)
		}
	}
	switch lengths := h["Content-Length"]; {
	case !bodyAllowed(w.res.StatusCode):
		delete(h, "Content-Length")
		if w.res.StatusCode == http.StatusNotModified {
			delete(h, "Content-Type")
		}
		if !w.head {
			w.res.ContentLength = 0
		}
	case len(lengths) > 0:
		n, err := strconv.ParseUint(lengths[0], 10, 63)
		if err != nil || len(lengths) > 1 {
			return fmt.Errorf("inprocess: the answer's Content-Length is %q", lengths)
		}
		w.res.ContentLength = int64(n)
	}
	return nil
}

func (w *responseWriter) Write(p []byte) (int, error)       { return write(w, p) }
func (w *responseWriter) WriteString(s string) (int, error) { return write(w, s) }

func write[T []byte | string](w *responseWriter, p T) (int, error) {
	w.WriteHeader(http.StatusOK)
	switch {
	case len(p) == 0:
		return 0, nil
	case !bodyAllowed(w.res.StatusCode):
		return 0, http.ErrBodyNotAllowed
	}
	w.written += int64(len(p))
	if w.res.ContentLength >= 0 && w.written > w.res.ContentLength {
		return 0, http.ErrContentLength
	}
	if err := w.x.writable(); err != nil {
		return 0, err
	}
	if w.head {
		return len(p), nil
	}
	if !w.sent {
		if gather(w, p, lengthBuffer) {
			return len(p), nil
		}
		w.send()
		w.pending = append(make([]byte, 0, streamBuffer), w.pending...)
		w.spare = make([]byte, 0, streamBuffer)
	}
	if gather(w, p, streamBuffer) {
		return len(p), nil
	}
	if err := w.push(); err != nil {
		return 0, err
	}
	if gather(w, p, streamBuffer) {
		return len(p), nil
	}
	return w.x.put([]byte(p), true) // a large body costs one copy and no memory
}

// gather appends p to pending if the total stays within limit.
func gather[T []byte | string](w *responseWriter, p T, limit int) bool {
	if len(w.pending)+len(p) > limit {
		return false
	}
	w.pending = append(w.pending, p...)
	return true
}

func (w *responseWriter) Flush() { _ = w.FlushError() }

// FlushError sends what was written so far, or only the header. http.ResponseController
// finds it. A handler that flushes may then write nothing for hours, so it keeps no buffers
// meanwhile: there may be thousands of event streams.
func (w *responseWriter) FlushError() error {
	w.WriteHeader(http.StatusOK)
	w.send()
	err := w.push()
	w.pending, w.spare = nil, nil
	return err
}

// send gives the client the header, unless it was sent before.
func (w *responseWriter) send() {
	if w.sent {
		return
	}
	w.sent = true
	if w.hasBody() {
		w.res.Body = responseBody{w.x}
	}
	w.x.send(w.res)
}

// push gives the client the pending bytes. It waits until the client has read everything
// before them, but not these.
func (w *responseWriter) push() error {
	if len(w.pending) == 0 {
		return w.x.writable()
	}
	if _, err := w.x.put(w.pending, false); err != nil {
		return err
	}
	w.pending, w.spare = w.spare[:0], w.pending
	return nil
}

// finish completes the answer of a handler that has returned.
func (w *responseWriter) finish() {
	w.WriteHeader(http.StatusOK)
	err := io.EOF
	if w.hasBody() && w.written < w.res.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	if w.sent {
		_ = w.push()
		w.x.end(nil, nil, err)
		return
	}
	// A handler that writes nothing for HEAD may write a body for GET, so the length stays
	// unknown.
	if w.res.ContentLength < 0 && (!w.head || 0 < w.written && w.written <= lengthBuffer) {
		w.res.ContentLength = w.written
		w.res.Header["Content-Length"] = []string{strconv.FormatInt(w.written, 10)}
	}
	if w.hasBody() {
		w.res.Body = responseBody{w.x}
	}
	w.x.end(w.res, w.pending, err)
}

func (w *responseWriter) hasBody() bool { return !w.head && w.res.ContentLength != 0 }

// SetReadDeadline and SetWriteDeadline refuse: deadlines are not supported.
func (w *responseWriter) SetReadDeadline(time.Time) error  { return http.ErrNotSupported }
func (w *responseWriter) SetWriteDeadline(time.Time) error { return http.ErrNotSupported }

// EnableFullDuplex does nothing: every exchange is full duplex.
func (w *responseWriter) EnableFullDuplex() error { return nil }

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

func statusLine(status int) string {
	if text := http.StatusText(status); text != "" {
		return strconv.Itoa(status) + " " + text
	}
	return fmt.Sprintf("%d status code %[1]d", status)
}
