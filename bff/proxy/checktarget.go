package proxy

import (
	"net/http"
	"slices"

	"vestibule/internal/web"
)

// CheckTarget returns the refusal of a request by the rules of admit.go for methods, paths and
// queries, or nil. It is for requests that another proxy carries: where their path leads is
// the other proxy's affair.
func CheckTarget(r *http.Request) error {
	if !slices.Contains(methods, r.Method) {
		return web.MethodNotAllowed(r.Method, methods)
	}
	if err := web.CheckPath(r); err != nil {
		return err
	}
	if fault := queryFault(r.URL.RawQuery); fault != "" {
		return badQuery(fault)
	}
	return nil
}
