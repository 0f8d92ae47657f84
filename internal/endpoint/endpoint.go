// Package endpoint is the table of a surface's endpoints. The router, the OpenAPI document
// and the rows of docs/api.md are made from the same table. A row holds what is special
// about one endpoint. What its guard and its body add is written once.
package endpoint

import (
	"net/http"

	"github.com/gorilla/mux"

	"vestibule/internal/web"
)

// Surface is everything that one listener answers.
type Surface struct {
	Title, Summary, Text string
	Tags                 []Tag
	Security             map[string]Schema // the schemes, by name
	Everywhere           *Guard            // a guard for every endpoint
	Elsewhere            []*Answer         // answers to paths and methods outside the table
	Headers              []*Header         // headers of every answer, unless it describes them itself
	Schemas              map[string]Schema // schemas that struct tags name
	Params               []*Param          // parameters of paths, by name
	Errors               Shape             // the shape of refusals
	Endpoints            []Endpoint
}

// Shape is what refusals look like.
type Shape struct {
	Type string // the Content-Type
	Body func(*web.Error) any
	Code string // the member with the code; "" identifies refusals by message
}

// Tag is a group of operations.
type Tag struct{ Name, Text string }

// Endpoint is one row of the table.
type Endpoint struct {
	Method, Path, ID string // ID is the operation's id
	// A second path of the same endpoint, with its own operation.
	Short, ShortID string
	Guard          *Guard
	Handler        web.HandlerFunc // nil: only described; routed elsewhere or not at all
	Doc            *Doc

	NoHead bool            // a GET without a HEAD
	Match  mux.MatcherFunc // a further condition on the request
	Write  web.ErrorWriter // if refusals have their own shape
}

// Guard is what a group of endpoints requires of a request before the handler runs.
type Guard struct {
	Security []map[string][]string // nil: the same as none
	Answers  []*Answer             // the guard's own
	Body     []*Answer             // for endpoints that read a body
	Headers  []*Header             // of every answer of success, unless it describes them itself
}

// Mount adds the endpoints to a router, in order. Each GET also gets HEAD.
func Mount(router *mux.Router, write web.ErrorWriter, endpoints []Endpoint) {
	for _, e := range endpoints {
		if e.Handler == nil {
			continue
		}
		if e.Write == nil {
			e.Write = write
		}
		for _, path := range e.Paths() {
			route := router.Path(path).Methods(e.methods()...).Handler(noted(e.Path, web.Handle(e.Handler, e.Write)))
			if e.Match != nil {
				route.MatcherFunc(e.Match)
			}
		}
	}
}

// noted names the endpoint in the metrics.
func noted(path string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		web.NoteEndpoint(r, path)
		h.ServeHTTP(w, r)
	})
}

// Paths returns all paths of an endpoint.
func (e Endpoint) Paths() []string {
	if e.Short == "" {
		return []string{e.Path}
	}
	return []string{e.Short, e.Path}
}

func (e Endpoint) methods() []string {
	if e.Method == http.MethodGet && !e.NoHead {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{e.Method}
}
