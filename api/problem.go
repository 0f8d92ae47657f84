package api

import (
	"net/http"

	"vestibule/internal/web"
)

// problem is the body of every refusal (RFC 9457). Its type is about:blank,
// which says that the title is the status's own.
type problem struct {
	Type   string           `json:"type"`
	Title  string           `json:"title"`
	Status int              `json:"status"`
	Detail string           `json:"detail"`
	Errors []web.FieldError `json:"errors,omitempty"`
	// RequestID is in the body of a 5xx alone, where somebody has a log to
	// look into. A 403 has to be the same bytes whatever exists at the path,
	// and every answer has the id in its header.
	RequestID string `json:"request_id,omitempty"`
}

// writeProblem is the web.ErrorWriter of this surface.
func writeProblem(w http.ResponseWriter, r *http.Request, e *web.Error) {
	p := problem{
		Type:   "about:blank",
		Title:  web.StatusText(e.Status),
		Status: e.Status,
		Detail: e.Message,
		Errors: e.Fields,
	}
	if e.Status >= http.StatusInternalServerError {
		p.RequestID = web.RequestID(r)
	}
	_ = web.WriteJSONAs(w, e.Status, "application/problem+json", p) // a problem always encodes
}
