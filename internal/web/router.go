package web

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"
)

// methods are the methods that a route can have.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
	http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// NewRouter returns a router that answers 404 and 405 (with Allow) in the surface's error
// shape. It matches the raw path and never redirects: mux's default would clean the path
// and turn a POST into a GET.
func NewRouter(write ErrorWriter) *mux.Router {
	router := mux.NewRouter().UseEncodedPath().SkipClean(true)
	router.NotFoundHandler = Handle(func(http.ResponseWriter, *http.Request) error {
		return ErrNotFound
	}, write)
	router.MethodNotAllowedHandler = Handle(func(_ http.ResponseWriter, r *http.Request) error {
		return MethodNotAllowed(r.Method, allowed(router, r))
	}, write)
	return router
}

// MethodNotAllowed answers a method that a path does not have (RFC 9110
// §15.5.6: with Allow).
func MethodNotAllowed(method string, allow []string) *Error {
	return Refuse(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "The method "+method+" is not allowed here.").
		With("Allow", strings.Join(allow, ", "))
}

// allowed asks the router which methods the path of r has.
func allowed(router *mux.Router, r *http.Request) []string {
	var allow []string
	for _, method := range methods {
		probe := r.WithContext(r.Context())
		probe.Method = method
		var match mux.RouteMatch
		if router.Match(probe, &match) && match.MatchErr == nil {
			allow = append(allow, method)
		}
	}
	return allow
}
