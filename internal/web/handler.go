package web

import (
	"context"
	"errors"
	"net/http"
)

// HandlerFunc answers a request or returns the error that explains why it did
// not.
type HandlerFunc func(http.ResponseWriter, *http.Request) error

// ErrorWriter writes e in the shape of one surface: the BFF's JSON, or the
// task API's problem details.
type ErrorWriter func(http.ResponseWriter, *http.Request, *Error)

// Handle makes an http.Handler of h. An error is noted for the request's log
// record and answered through write; nobody else logs it.
func Handle(h HandlerFunc, write ErrorWriter) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			Fail(w, r, err, write)
		}
	})
}

// Asked makes a HandlerFunc of h, which answers whatever happens.
func Asked(h http.Handler) HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

// Fail notes err for the log record and answers with it. Where that is not
// possible it panics with http.ErrAbortHandler, which breaks the connection
// off: half an answer must not end like a whole one, and to return without an
// answer would be net/http's empty 200, which a client that has only closed
// its sending side would still read. (That something was sent is known inside
// RequestLog, whose record has it.)
func Fail(w http.ResponseWriter, r *http.Request, err error, write ErrorWriter) {
	rec := recordOf(r)
	if rec != nil {
		rec.err = err
	}
	begun := rec != nil && rec.answer.status != 0
	gone := errors.Is(err, context.Canceled) && r.Context().Err() != nil
	if begun || gone {
		panic(http.ErrAbortHandler)
	}
	answer(w, r, AsError(err), write)
}

// answer writes e. What h has already said about the body it meant to send
// would be false of this one: a foreign Content-Length breaks the framing.
func answer(w http.ResponseWriter, r *http.Request, e *Error, write ErrorWriter) {
	h := w.Header()
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Range", "Etag", "Last-Modified"} {
		delete(h, name)
	}
	for name, values := range e.Header {
		h[name] = values
	}
	write(w, r, e)
}
