package api

import (
	"net/http"
	"strings"

	"github.com/rs/cors"

	"vestibule/internal/web"
)

// origins are those whose pages are answered (CORS_API_ORIGINS). The rules:
//
//   - Comparison is exact, scheme and port included, with the one form that browsers
//     send; two Origin headers are none.
//   - Without credentials: no cookie means anything here, a page brings a bearer
//     token of its own.
//   - A page may read errors too, and a refusal before the token is looked at.
//   - Where any is listed, Vary: Origin stands on every answer, so that no cache gives one origin's to
//     another.
//
// CORS lets pages read answers and refuses nobody: the token does.
type origins map[string]bool

func newOrigins(listed []string) origins {
	o := origins{}
	for _, origin := range listed {
		o[origin] = true
	}
	return o
}

// requestHeaders are what a page may send beyond what every page may.
var requestHeaders = []string{
	"Accept", "Accept-Language", "Authorization", "Cache-Control", "Content-Language", "Content-Type", "Idempotency-Key",
	"If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "Last-Event-ID", "Prefer", "Traceparent", "Tracestate", web.RequestIDHeader,
}

// answer wraps the guard, which would refuse preflights: they carry no token.
func (o origins) answer(next http.Handler) http.Handler {
	if len(o) == 0 {
		return o.noting(next)
	}
	return o.noting(cors.New(cors.Options{
		// Of several Origins the library would look at the first and repeat them all.
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

// noting tells the log why the browser of a page elsewhere shows it nothing. The
// documentation page sends its own requests, from this very host.
func (o origins) noting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := r.Header.Get("Origin"); from != "" && !o.allow(r) && !strings.HasSuffix(from, "://"+r.Host) {
			web.NoteOrigin(r, "CORS_API_ORIGINS")
		}
		next.ServeHTTP(w, r)
	})
}
