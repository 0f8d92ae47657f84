package bff

import (
	"net/http"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

type okJSON struct {
	OK bool `json:"ok" schema:"const=true"`
}

var okDoc = endpoint.Doc{
	Tag: "about", Summary: "Check that the server answers",
	Row:     "200 `{\"ok\":true}`",
	Answers: []*endpoint.Answer{answers("The server answers", okJSON{true})},
}

// ok is Better Auth's health endpoint.
func (s *Server) ok(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, okJSON{true})
}
