package bff

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rs/cors"

	"vestibule/bff/proxy"
)

// crossOrigin answers preflights and marks the answers that listed origins may read. rs/cors
// compares the headers of a preflight with a list of names, or allows them all. So a
// preflight that needs a pattern is judged here, and then answered by the instance that
// allows all headers: its answer repeats the names that were asked for, and no others.
type crossOrigin struct {
	listed  *cors.Cors // allows the names of the list
	any     *cors.Cors // allows all headers
	headers proxy.HeaderList
}

// Handler returns next behind the rules.
func (c crossOrigin) Handler(next http.Handler) http.Handler {
	listed := c.listed.Handler(next)
	if !c.headers.HasPatterns() {
		return listed
	}
	matched := c.any.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions && c.allows(r.Header["Access-Control-Request-Headers"]) {
			matched.ServeHTTP(w, r)
			return
		}
		listed.ServeHTTP(w, r)
	})
}

// maxAskedHeaders is how many headers a preflight may ask for if one of them needs a pattern.
const maxAskedHeaders = 100

// allows reports whether all headers of a preflight pass, and there is at least one.
func (c crossOrigin) allows(lines []string) bool {
	asked := 0
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			name = http.CanonicalHeaderKey(strings.Trim(name, " \t"))
			if asked++; asked > maxAskedHeaders || !c.headers.Passes(name) && !slices.Contains(traceHeaders, name) {
				return false
			}
		}
	}
	return asked > 0
}
