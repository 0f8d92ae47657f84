package bff

import (
	"net/http"
	"strings"

	"vestibule/internal/web"
)

// errorJSON is the shape of all errors: error is the status text, code is stable, message
// is for people.
type errorJSON struct {
	Error   string `json:"error" doc:"The status text"`
	Code    string `json:"code" doc:"Stable"`
	Message string `json:"message" doc:"For people"`
}

func writeError(w http.ResponseWriter, _ *http.Request, e *web.Error) {
	_ = web.WriteJSON(w, e.Status, toErrorJSON(e)) // three strings always encode
}

func toErrorJSON(e *web.Error) errorJSON {
	return errorJSON{Error: web.StatusText(e.Status), Code: e.Code, Message: e.Message}
}

// validation lists all faults of a body in one answer, in Better Auth's wording: "[body.email] Invalid input: expected string, received undefined".
func validation(faults []web.FieldError) *web.Error {
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = "[body." + f.Field + "] Invalid input: " + f.Message
	}
	return web.Refuse(http.StatusBadRequest, "VALIDATION_ERROR", strings.Join(texts, "; "))
}
