package api

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"vestibule/internal/web"
)

// routes is the whole surface: method, path, scope and guard of everything that
// is answered. The guard's own 401, 403 and 400 come first, for unknown paths and
// methods too. One trailing slash is the same resource. openapi.json has the same
// routes.
func (s *Server) routes() *mux.Router {
	router := web.NewRouter(writeProblem)
	router.MethodNotAllowedHandler = sayPatches(router.MethodNotAllowedHandler)

	router.Handle("/", anyone(s.root)).Methods(http.MethodGet, http.MethodHead)
	router.Handle("/openapi.json", anyone(s.docs.Document)).Methods(http.MethodGet, http.MethodHead)
	router.Handle("/docs", anyone(s.docs.Page)).Methods(http.MethodGet, http.MethodHead)
	router.Handle("/docs/{file}", anyone(s.docs.File)).Methods(http.MethodGet, http.MethodHead)

	router.Handle("/api/{user_id}/tasks", owner(scopeRead, s.listTasks)).Methods(http.MethodGet, http.MethodHead)
	router.Handle("/api/{user_id}/tasks", owner(scopeWrite, s.createTask)).Methods(http.MethodPost)
	router.Handle("/api/{user_id}/tasks/{id}", owner(scopeRead, s.getTask)).Methods(http.MethodGet, http.MethodHead).MatcherFunc(ofTask)
	router.Handle("/api/{user_id}/tasks/{id}", owner(scopeWrite, s.updateTask)).Methods(http.MethodPut, http.MethodPatch).MatcherFunc(ofTask)
	router.Handle("/api/{user_id}/tasks/{id}", owner(scopeWrite, s.deleteTask)).Methods(http.MethodDelete).MatcherFunc(ofTask)
	router.Handle("/api/{user_id}/tasks/events", owner(scopeRead, s.watchTasks)).Methods(http.MethodGet)
	router.Handle("/api/{user_id}/tasks/{id}/complete", owner(scopeWrite, s.toggleTask)).Methods(http.MethodPatch)

	return router
}

// ofTask keeps the stream of events from being taken for a task: its other methods
// are a 405 that allows GET, not a faulty id. The router forgets that a method did not
// fit once a later route has the path, so the routes with ofTask come first.
func ofTask(r *http.Request, _ *mux.RouteMatch) bool {
	return !strings.HasSuffix(r.URL.EscapedPath(), "/tasks/events")
}

// sayPatches adds to the 405 of a task, which OPTIONS gets too, how it can be patched
// (RFC 5789 §3.1).
func sayPatches(notAllowed http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		segments := strings.Split(r.URL.EscapedPath(), "/")
		if len(segments) == 5 && segments[3] == "tasks" && ofTask(r, nil) {
			w.Header().Set("Accept-Patch", acceptPatch)
		}
		notAllowed.ServeHTTP(w, r)
	})
}

// root tells a person or a probe what this is.
func (s *Server) root(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, struct {
		Message string `json:"message"`
	}{"Todo API with Authentication"})
}
