package api

import (
	"net/http"

	"vestibule/internal/web"
)

// problem is the body of every refusal (RFC 9457). Its type is about:blank: the title is
// the name of the status.
type problem struct {
	_      struct{}         `doc:"Problem details (RFC 9457)"`
	Type   string           `json:"type" schema:"format=uri-reference,const=about:blank" doc:"The title is only the name of the status"`
	Title  string           `json:"title" doc:"The status's name"`
	Status int              `json:"status" schema:"minimum=400,maximum=599"`
	Detail string           `json:"detail" doc:"What is wrong, for people"`
	Errors []web.FieldError `json:"errors,omitempty" schema:"minItems=1,maxItems=50" doc:"What is wrong with which field, parameter or header"`
	// RequestID is only in the body of a 5xx, where an operator will look into the log. A
	// 403 must have the same bytes whatever exists at the path. The id is in the header of
	// every answer.
	RequestID string `json:"request_id,omitempty" doc:"Only with a 5xx: the id of the request in the log"`
}

func toProblem(e *web.Error, requestID string) problem {
	p := problem{Type: "about:blank", Title: web.StatusText(e.Status), Status: e.Status, Detail: e.Message, Errors: e.Fields}
	if e.Status >= http.StatusInternalServerError {
		p.RequestID = requestID
	}
	return p
}

const problemType = "application/problem+json"

// writeProblem is the web.ErrorWriter of this surface.
func writeProblem(w http.ResponseWriter, r *http.Request, e *web.Error) {
	_ = web.WriteJSONAs(w, e.Status, problemType, toProblem(e, web.RequestID(r))) // a problem always encodes
}
