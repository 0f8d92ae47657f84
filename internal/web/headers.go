package web

import "net/http"

// SecurityHeaders stand on every answer of a surface, refusals included.
type SecurityHeaders struct {
	CSP   string // Content-Security-Policy
	HTTPS bool   // the surface is public over https: adds HSTS
}

// APIPolicy is the CSP of answers that are data: should a browser ever show
// one as a page, nothing in it runs, loads or is framed.
// base-uri and form-action are named because default-src does not stand for them.
const APIPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

// ResourcePolicy keeps pages of other origins from loading an answer as an image, a
// script or a style sheet, and so out of the process that they run in. (What they
// ask for by CORS it does not concern.)
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
			// A year, without includeSubDomains: sibling hosts are not ours to decide.
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// NoStore keeps answers out of every cache on the way; those that may be kept
// say so themselves.
func NoStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
