package web

import (
	"context"
	"errors"
	"net/http"
)

// HandlerFunc answers a request, or returns an error that explains why it did not.
type HandlerFunc func(http.ResponseWriter, *http.Request) error

// ErrorWriter writes e in the shape of one surface: the BFF's JSON, or the
// task API's problem details.
type ErrorWriter func(http.ResponseWriter, *http.Request, *Error)

// Handle makes an http.Handler of h. An error is noted for the request's log record and
// answered through write. Nothing else logs it.
func Handle(h HandlerFunc, write ErrorWriter) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			Fail(w, r, err, write)
		}
	})
}

// Asked makes a HandlerFunc of h. h always answers by itself.
func Asked(h http.Handler) HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

// Fail notes err for the log record and answers with it. If the answer has begun or the
// client is gone, it panics with http.ErrAbortHandler, which closes the connection. A
// partial answer must not look complete. Returning without an answer would make net/http
// send an empty 200, and a client that closed only its sending side would read it. (Only
// RequestLog knows whether an answer has begun, through its record.)
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

// answer writes e. It removes the headers that h set for another body: a wrong
// Content-Length breaks the framing.
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
