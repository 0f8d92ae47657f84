package web

import (
	"maps"
	"net/http"
)

// SecurityHeaders are set on every answer of a surface, also on refusals.
type SecurityHeaders struct {
	CSP   string // Content-Security-Policy
	HTTPS bool   // the surface is public over https: adds HSTS
}

// APIPolicy is the CSP of answers that are data. If a browser shows one as a page, nothing
// in it can run, load or be framed. base-uri and form-action are listed because default-src
// does not cover them.
const APIPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

// ResourcePolicy keeps pages of other origins from loading an answer as an image, a script
// or a style sheet, and so out of the process that runs those pages. (It does not affect
// CORS requests.)
const ResourcePolicy = "Cross-Origin-Resource-Policy"

// Wrap returns next with the headers set before it runs. All answers share the values: a
// handler may replace or add to them, but not change them in place.
func (s SecurityHeaders) Wrap(next http.Handler) http.Handler {
	headers := map[string][]string{
		"X-Content-Type-Options":  {"nosniff"},
		"Content-Security-Policy": {s.CSP},
		"Referrer-Policy":         {"same-origin"},
		ResourcePolicy:            {"same-origin"},
	}
	if s.HTTPS {
		// A year, without includeSubDomains: we do not decide for sibling hosts.
		headers["Strict-Transport-Security"] = []string{"max-age=31536000"}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), headers)
		next.ServeHTTP(w, r)
	})
}

var noStore = []string{"no-store"} // shared by all answers

// NoStore keeps answers out of all caches. Handlers of cacheable answers set another value.
func NoStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Cache-Control"] = noStore
		next.ServeHTTP(w, r)
	})
}
