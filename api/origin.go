package api

import (
	"net/http"
	"strings"

	"github.com/rs/cors"

	"vestibule/internal/web"
)

// origins are the origins whose pages may read answers (CORS_API_ORIGINS). The rules:
//
//   - Comparison is exact, with scheme and port, in the form that browsers send. Two Origin
//     headers never match.
//   - No credentials: cookies mean nothing here, and a page brings its own bearer token.
//   - A page may also read errors, and refusals that happen before the token is checked.
//   - If any origin is listed, every answer has Vary: Origin, so that no cache gives the
//     answer for one origin to another.
//
// CORS lets pages read answers. It refuses nobody: the token does.
type origins map[string]bool

func newOrigins(listed []string) origins {
	o := origins{}
	for _, origin := range listed {
		o[origin] = true
	}
	return o
}

// requestHeaders are the headers that a page may send beyond those that every page may
// send.
var requestHeaders = []string{
	"Accept", "Accept-Language", "Authorization", "Cache-Control", "Content-Language", "Content-Type", "Idempotency-Key",
	"If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "Last-Event-ID", "Prefer", "Traceparent", "Tracestate", web.RequestIDHeader,
}

// answer wraps the guard, which would refuse preflights: they have no token.
func (o origins) answer(next http.Handler) http.Handler {
	if len(o) == 0 {
		return o.noting(next)
	}
	return o.noting(cors.New(cors.Options{
		// With several Origin headers, the library would check the first and repeat all.
		AllowOriginVaryRequestFunc: func(r *http.Request, _ string) (bool, []string) { return o.allow(r), nil },
		AllowedMethods: []string{
			http.MethodGet, http.MethodHead, http.MethodPost,
			http.MethodPut, http.MethodPatch, http.MethodDelete,
		},
		AllowedHeaders: requestHeaders,
		ExposedHeaders: []string{
			"Accept-Patch", "Allow", "Content-Length", "ETag", "Idempotency-Replayed", "Link", "Location", "Preference-Applied", "Retry-After",
			"WWW-Authenticate", web.RequestIDHeader,
		},
		MaxAge: 600, // seconds; Chromium's own limit is 7200
	}).Handler(next))
}

func (o origins) allow(r *http.Request) bool {
	values := r.Header.Values("Origin")
	return len(values) == 1 && o[values[0]]
}

// noting logs why a browser hides answers from a page of another origin. The documentation
// page sends its own requests from this host.
func (o origins) noting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := r.Header.Get("Origin"); from != "" && !o.allow(r) && !strings.HasSuffix(from, "://"+r.Host) {
			web.NoteOrigin(r, "CORS_API_ORIGINS")
		}
		next.ServeHTTP(w, r)
	})
}
