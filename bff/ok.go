package bff

import (
	"net/http"

	"vestibule/internal/web"
)

// ok answers Better Auth's sign of life.
func (s *Server) ok(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, struct {
		OK bool `json:"ok"`
	}{true})
}
