package api

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// endpoints is the whole surface. The router, openapi.json and the rows of docs/api.md are
// made from it: run go generate ./api after a change. The guard's 401, 403 and 400 come
// first, also for unknown paths and methods. A path with one trailing slash is the same
// resource.
func (s *Server) endpoints() []endpoint.Endpoint {
	const tasks, task = "/api/{user_id}/tasks", "/api/{user_id}/tasks/{id}"
	list := []endpoint.Endpoint{
		{Method: "GET", Path: "/", ID: "getRoot", Handler: s.root, Doc: &rootDoc},
	}
	list = append(list, s.docs.Endpoints("/openapi.json", "/docs", notModifiedAnswer, ifNoneMatchHeader, badRequest, noSuchPath)...)
	return append(list, []endpoint.Endpoint{
		{Method: "GET", Path: tasks, ID: "fetchTasks", Guard: reads, Handler: owner(TasksRead, s.listTasks), Doc: &listDoc},
		{Method: "POST", Path: tasks, ID: "createTask", Guard: writes, Handler: owner(TasksWrite, s.createTask), Doc: &createDoc},
		{Method: "GET", Path: task, ID: "getTask", Guard: reads, Handler: owner(TasksRead, s.getTask), Doc: &getDoc, Match: ofTask},
		{Method: "PUT", Path: task, ID: "updateTask", Guard: writes, Handler: owner(TasksWrite, s.updateTask), Doc: &updateDoc, Match: ofTask},
		{Method: "PATCH", Path: task, ID: "patchTask", Guard: writes, Handler: owner(TasksWrite, s.updateTask), Doc: &patchDoc, Match: ofTask},
		{Method: "DELETE", Path: task, ID: "deleteTask", Guard: writes, Handler: owner(TasksWrite, s.deleteTask), Doc: &deleteDoc, Match: ofTask},
		{Method: "GET", Path: tasks + "/events", ID: "watchTasks", Guard: reads, Handler: owner(TasksRead, s.watchTasks), Doc: &watchDoc, NoHead: true},
		{Method: "PATCH", Path: task + "/complete", ID: "toggleTask", Guard: writes, Handler: owner(TasksWrite, s.toggleTask), Doc: &toggleDoc},
	}...)
}

func (s *Server) routes() *mux.Router {
	router := web.NewRouter(writeProblem)
	router.MethodNotAllowedHandler = sayPatches(router.MethodNotAllowedHandler)
	endpoint.Mount(router, writeProblem, s.endpoints())
	return router
}

// ofTask makes sure that the event stream is not taken for a task. Its other methods must
// be a 405 that allows GET, not an invalid id. The router forgets a wrong method when a
// later route matches the path, so the routes with ofTask come first.
func ofTask(r *http.Request, _ *mux.RouteMatch) bool {
	return !strings.HasSuffix(r.URL.EscapedPath(), "/tasks/events")
}

// sayPatches adds Accept-Patch to the 405 of a task, also for OPTIONS (RFC 5789 §3.1).
func sayPatches(notAllowed http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		segments := strings.Split(r.URL.EscapedPath(), "/")
		if len(segments) == 5 && segments[3] == "tasks" && ofTask(r, nil) {
			w.Header().Set("Accept-Patch", acceptPatch)
		}
		notAllowed.ServeHTTP(w, r)
	})
}

type messageJSON struct {
	Message string `json:"message"`
}

var rootDoc = endpoint.Doc{
	Tag: "about", Summary: "About this API", Row: "200 `{\"message\":\"Todo API with Authentication\"}`, without a token",
	Answers: []*endpoint.Answer{{Status: 200, Text: "The API's name", Examples: []endpoint.Example{{Name: "root", Value: rootMessage}}}},
}

var rootMessage = messageJSON{"Todo API with Authentication"}

// root tells people and probes what this server is.
func (s *Server) root(w http.ResponseWriter, _ *http.Request) error {
	return web.WriteJSON(w, http.StatusOK, rootMessage)
}
