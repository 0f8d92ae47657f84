// Package endpoint is the table of a surface's endpoints. The router, the OpenAPI
// document and the rows of docs/api.md are made from the same table. A row holds what is
// special about one endpoint; what its guard and its body add to it is said once.
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
	Everywhere           *Guard            // what every endpoint inherits
	Elsewhere            []*Answer         // to paths and methods that the table does not have
	Headers              []*Header         // of every answer, unless the answer has them otherwise
	Schemas              map[string]Schema // those that struct tags name
	Params               []*Param          // those of paths, by their names
	Errors               Shape             // of refusals
	Endpoints            []Endpoint
}

// Shape is what refusals look like.
type Shape struct {
	Type string // the Content-Type
	Body func(*web.Error) any
	Code string // the member that has the code; without one a refusal is known by its message
}

// Tag is a group of operations.
type Tag struct{ Name, Text string }

// Endpoint is one row of the table.
type Endpoint struct {
	Method, Path, ID string // ID is the operation's
	// A second name of the same, with an operation of its own.
	Short, ShortID string
	Guard          *Guard
	Handler        web.HandlerFunc // nil: described, and routed elsewhere or not at all
	Doc            *Doc

	NoHead bool            // a GET without a HEAD
	Match  mux.MatcherFunc // what else a request must fulfil
	Write  web.ErrorWriter // where refusals have a shape of their own
}

// Guard is what a group of endpoints requires of a request before the handler runs.
type Guard struct {
	Security []map[string][]string // nil: the same as none
	Answers  []*Answer             // the guard's own
	Body     []*Answer             // of those endpoints that read a body
}

// Mount adds the endpoints to a router, in their order. A GET has its HEAD.
func Mount(router *mux.Router, write web.ErrorWriter, endpoints []Endpoint) {
	for _, e := range endpoints {
		if e.Handler == nil {
			continue
		}
		if e.Write == nil {
			e.Write = write
		}
		for _, path := range e.Paths() {
			route := router.Path(path).Methods(e.methods()...).Handler(web.Handle(e.Handler, e.Write))
			if e.Match != nil {
				route.MatcherFunc(e.Match)
			}
		}
	}
}

// Paths are the names of an endpoint.
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
