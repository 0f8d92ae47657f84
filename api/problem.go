package api

import (
	"net/http"

	"vestibule/internal/web"
)

// problem is the body of every refusal (RFC 9457). Its type is about:blank,
// which says that the title is the status's own.
type problem struct {
	_      struct{}         `doc:"Problem details (RFC 9457)"`
	Type   string           `json:"type" schema:"format=uri-reference,const=about:blank" doc:"The title says what the status means, no more"`
	Title  string           `json:"title" doc:"The status's name"`
	Status int              `json:"status" schema:"minimum=400,maximum=599"`
	Detail string           `json:"detail" doc:"What is wrong, for people"`
	Errors []web.FieldError `json:"errors,omitempty" schema:"minItems=1,maxItems=50" doc:"What is wrong with which field, parameter or header"`
	// RequestID is in the body of a 5xx alone, where somebody has a log to
	// look into. A 403 has to be the same bytes whatever exists at the path,
	// and every answer has the id in its header.
	RequestID string `json:"request_id,omitempty" doc:"With a 5xx alone: the id of the request in the log"`
}

func toProblem(e *web.Error) problem {
	return problem{Type: "about:blank", Title: web.StatusText(e.Status), Status: e.Status, Detail: e.Message, Errors: e.Fields}
}

const problemType = "application/problem+json"

// writeProblem is the web.ErrorWriter of this surface.
func writeProblem(w http.ResponseWriter, r *http.Request, e *web.Error) {
	p := toProblem(e)
	if e.Status >= http.StatusInternalServerError {
		p.RequestID = web.RequestID(r)
	}
	_ = web.WriteJSONAs(w, e.Status, problemType, p) // a problem always encodes
}
