package web

import (
	"context"
	"errors"
	"net/http"
)

// HandlerFunc answers a request or returns the error that explains why it did
// not. It must not do both.
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

// Fail notes err for the log record and answers with it.
func Fail(w http.ResponseWriter, r *http.Request, err error, write ErrorWriter) {
	noteError(r, err)
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the client has left; there is nobody to answer
	}
	e := AsError(err)
	for name, values := range e.Header {
		w.Header()[name] = values
	}
	write(w, r, e)
}
