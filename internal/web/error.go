package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// Error is a refusal for the client. The client reads Status, Code, Message and Fields.
// Only the log reads Err: a cause never reaches the client.
type Error struct {
	Status  int          // HTTP status
	Code    string       // stable and machine-readable, like INVALID_ORIGIN
	Message string       // for people
	Fields  []FieldError // the faulty fields of the body or path
	Header  http.Header  // sent with the answer: Allow, Retry-After, WWW-Authenticate
	Err     error        // the cause, for the log; may be nil
}

// FieldError says what is wrong with one field of the input.
type FieldError struct {
	Field   string `json:"field" doc:"The name of the member of the body, the parameter or the header"`
	Message string `json:"message"`
}

func (e *Error) Error() string {
	if e.Err != nil {
		return strings.TrimSuffix(e.Message, ".") + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Refuse makes an Error without a cause.
func Refuse(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Message: message}
}

// Because returns a copy of e that carries cause to the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Err = cause
	return &c
}

// With returns a copy of e that answers with a header set.
func (e *Error) With(name, value string) *Error {
	c := *e
	c.Header = e.Header.Clone()
	if c.Header == nil {
		c.Header = http.Header{}
	}
	c.Header.Set(name, value)
	return &c
}

// retryAfterOutage is the Retry-After of a 503, in seconds. A database that restarts is
// usually back within a few seconds.
const retryAfterOutage = "2"

// Unavailable answers 503 when the database is unavailable. It is never a 401: a client
// must not drop its session because of an outage.
func Unavailable(cause error) *Error {
	return Refuse(http.StatusServiceUnavailable, "STORE_UNAVAILABLE", "The service is temporarily unavailable. Please try again.").
		With("Retry-After", retryAfterOutage).
		Because(cause)
}

// ErrInternal answers an internal fault.
var ErrInternal = Refuse(http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", "Something went wrong on our side.")

// AsError turns any error into an answer. An unknown cause becomes a 500 that tells the
// client nothing.
func AsError(err error) *Error {
	var e *Error
	var tooLarge *http.MaxBytesError
	var outage interface{ Unavailable() bool } // store.ErrUnavailable is one
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &tooLarge):
		return BodyTooLarge(tooLarge.Limit)
	case errors.As(err, &outage) && outage.Unavailable(), errors.Is(err, context.DeadlineExceeded):
		return Unavailable(err)
	default:
		return ErrInternal.Because(err)
	}
}
