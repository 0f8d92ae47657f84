package openapitest

import (
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is a method of a path in the document.
type operation struct {
	method, path string
	segments     []string
	rest         bool   // the last segment takes the rest of the path
	except       string // unless the path is this one or below it
	op           *openapi3.Operation
}

// name names an operation in messages and exceptions.
func (o *operation) name() string { return o.method + " " + o.path }

// These extensions express what OpenAPI cannot.
const (
	// On an operation: false if a GET has no HEAD.
	headExtension = "x-head"
	// On an operation: its answers come from another server, with any header, and its last
	// parameter takes the rest of the path.
	passExtension = "x-passthrough"
	// On such an operation: it does not take this path and the paths below it.
	exceptExtension = "x-except"
	// On the document: the statuses for paths and methods that it does not have, each with
	// the response component that describes it.
	elsewhereExtension = "x-elsewhere"
)

// find returns the operation of a request, or nil.
func (c *Contract) find(method, escapedPath string) *operation {
	segments := strings.Split(escapedPath, "/")
	if n := len(segments); n > 2 && segments[n-1] == "" {
		segments = segments[:n-1] // with a trailing slash it is the same resource
	}
	path := "" // only the first path that fits: /x/events is not also /x/{id}
	for _, o := range c.operations {
		excepted := o.except != "" && strings.HasPrefix(escapedPath+"/", o.except+"/")
		if path != "" && o.path != path || excepted || !o.fits(segments) {
			continue
		}
		path = o.path
		head := method == http.MethodHead && o.method == http.MethodGet && o.op.Extensions[headExtension] != false
		if o.method == method || head {
			return o
		}
	}
	return nil
}

// fits reports whether the operation is for a path with these segments.
func (o *operation) fits(segments []string) bool {
	if len(segments) < len(o.segments) || len(segments) > len(o.segments) && !o.rest {
		return false
	}
	for i, want := range o.segments {
		parameter := strings.HasPrefix(want, "{")
		if parameter && segments[i] == "" && !o.rest || !parameter && segments[i] != want {
			return false
		}
	}
	return true
}
