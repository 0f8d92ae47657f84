package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
)

// BodyTooLarge answers a body over limit bytes. The connection is closed instead of reading
// the rest.
func BodyTooLarge(limit int64) *Error {
	return Refuse(http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE", fmt.Sprintf("The request body is larger than %d bytes.", limit)).
		With("Connection", "close")
}

// BadJSON refuses a body that is not the expected JSON.
func BadJSON(message string) *Error {
	return Refuse(http.StatusBadRequest, "BAD_REQUEST", message)
}

// The refusals of a body that did not arrive whole.
var (
	ErrBrokenBody = BadJSON("The request body could not be read to its end.")
	ErrSlowBody   = Refuse(http.StatusRequestTimeout, "REQUEST_TIMEOUT", "The request body came too slowly.")
)

// BrokenBody answers a body that could not be read to its end: a broken chunk, or, with
// 408, a client that is too slow (see Deadlines). The connection is closed, because nobody
// knows where the next request starts.
func BrokenBody(cause error) *Error {
	e := ErrBrokenBody
	if errors.Is(cause, os.ErrDeadlineExceeded) {
		e = ErrSlowBody
	}
	return e.With("Connection", "close").Because(cause)
}

// MaxMediaType bounds a Content-Type, in bytes. Parsing the parameters takes many times
// their size.
const MaxMediaType = 256

// WrongType refuses a body of a media type that is not accepted.
func WrongType(accepted ...string) *Error {
	return Refuse(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "The Content-Type must be "+strings.Join(accepted, " or ")+".")
}

func checkJSONType(h http.Header, accepted []string) error {
	refused := WrongType(accepted...)
	// We do not decode compressed bodies. If we read the compressed bytes as JSON, a proxy
	// that decodes them would see another body.
	if codings := h.Values("Content-Encoding"); len(codings) > 0 && !strings.EqualFold(strings.Join(codings, ","), "identity") {
		refused.Message = "The body must not have a Content-Encoding."
		return refused.With("Accept-Encoding", "identity") // RFC 9110 §15.5.16
	}
	types := h.Values("Content-Type")
	if len(types) != 1 || len(types[0]) > MaxMediaType {
		return refused
	}
	kind, params, err := mime.ParseMediaType(types[0])
	if err != nil || !slices.Contains(accepted, kind) {
		return refused
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return refused
	}
	return nil
}
