package api

import (
	"net/http"

	"vestibule/internal/web"
)

// routes is the whole surface: method, path and guard of everything that is
// answered. The guard's own 401, 403 and 400 come first, for unknown paths and
// methods too. One trailing slash is the same resource.
func (s *Server) routes() http.Handler {
	router := web.NewRouter(writeProblem)

	router.Handle("/", anyone(s.root)).Methods(http.MethodGet, http.MethodHead)

	router.Handle("/api/{user_id}/tasks", owner(s.listTasks)).Methods(http.MethodGet, http.MethodHead)
	router.Handle("/api/{user_id}/tasks", owner(withoutQuery(s.createTask))).Methods(http.MethodPost)
	router.Handle("/api/{user_id}/tasks/events", owner(withoutQuery(s.watchTasks))).Methods(http.MethodGet)
	router.Handle("/api/{user_id}/tasks/{id}", owner(withoutQuery(s.getTask))).Methods(http.MethodGet, http.MethodHead)
	router.Handle("/api/{user_id}/tasks/{id}", owner(withoutQuery(s.updateTask))).Methods(http.MethodPut, http.MethodPatch)
	router.Handle("/api/{user_id}/tasks/{id}", owner(withoutQuery(s.deleteTask))).Methods(http.MethodDelete)
	router.Handle("/api/{user_id}/tasks/{id}/complete", owner(withoutQuery(s.toggleTask))).Methods(http.MethodPatch)

	return s.guard(router)
}

// root tells a person or a probe what this is.
func (s *Server) root(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, struct {
		Message string `json:"message"`
	}{"Todo API with Authentication"})
}
