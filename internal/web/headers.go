package web

import "net/http"

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

// Wrap returns next with the headers set before it runs.
func (s SecurityHeaders) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", s.CSP)
		h.Set("Referrer-Policy", "same-origin")
		h.Set(ResourcePolicy, "same-origin")
		if s.HTTPS {
			// A year, without includeSubDomains: we do not decide for sibling hosts.
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// NoStore keeps answers out of all caches. Handlers of cacheable answers set another value.
func NoStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
