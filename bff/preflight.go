package bff

import (
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/rs/cors"

	"vestibule/bff/proxy"
	"vestibule/bff/route"
	"vestibule/internal/web"
)

// crossOrigin answers preflights and marks the answers that listed origins may read. rs/cors
// compares the headers of a preflight with a list of names, or allows them all. So a
// preflight that needs a pattern is judged here, and then answered by the instance that
// allows all headers: its answer repeats the names that were asked for, and no others.
type crossOrigin struct {
	listed  *cors.Cors // allows the names of the list
	any     *cors.Cors // allows all headers
	headers proxy.HeaderList
	origins origins
}

// Handler returns next behind the rules.
func (c crossOrigin) Handler(next http.Handler) http.Handler {
	listed, matched := c.listed.Handler(next), c.any.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodOptions {
			listed.ServeHTTP(w, r)
			return
		}
		if c.headers.HasPatterns() && c.allows(r.Header["Access-Control-Request-Headers"]) {
			matched.ServeHTTP(w, r)
			return
		}
		listed.ServeHTTP(w, r)
		if w.Header()["Access-Control-Allow-Origin"] == nil {
			c.noteRefused(r)
		}
	})
}

// noteRefused says in the log which rule refuses the preflight of a page that may send requests.
// The browser shows its user no more than that the request was blocked. If the origin is the
// reason, that was noted already.
func (c crossOrigin) noteRefused(r *http.Request) {
	method, from := r.Header.Get("Access-Control-Request-Method"), r.Header["Origin"]
	if method == "" || len(from) != 1 || !c.origins[from[0]] {
		return
	}
	if !slices.Contains(route.Methods(), method) {
		web.NoteRefusal(r, proxy.EveryMethod)
		return
	}
	web.NoteRefusal(r, "forward_headers of every route, and PROXY_FORWARD_HEADERS")
	var refused []string
	for name := range c.asked(r.Header["Access-Control-Request-Headers"]) {
		if !c.passes(name) && len(refused) < maxAskedHeaders {
			refused = append(refused, name)
		}
	}
	proxy.NoteNotForwarded(r, refused)
}

// maxAskedHeaders is how many headers a preflight may ask for if one of them needs a pattern.
const maxAskedHeaders = 100

// allows reports whether all headers of a preflight pass, and there is at least one.
func (c crossOrigin) allows(lines []string) bool {
	asked := 0
	for name := range c.asked(lines) {
		if asked++; asked > maxAskedHeaders || !c.passes(name) {
			return false
		}
	}
	return asked > 0
}

// asked yields the names of a preflight's headers, in canonical form.
func (c crossOrigin) asked(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range lines {
			for name := range strings.SplitSeq(line, ",") {
				if !yield(http.CanonicalHeaderKey(strings.Trim(name, " \t"))) {
					return
				}
			}
		}
	}
}

func (c crossOrigin) passes(name string) bool {
	return c.headers.Passes(name) || slices.Contains(traceHeaders, name)
}
