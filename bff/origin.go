package bff

import (
	"net/http"
	"net/url"

	"github.com/rs/cors"

	"vestibule/bff/proxy"
	"vestibule/internal/web"
)

// The rules against forged requests (CONTRACT 2):
//
//   - The first of these headers decides about a request with an unsafe method: Origin,
//     the origin of Referer, Sec-Fetch-Site. An Origin that is neither ours nor listed is
//     refused, whatever Sec-Fetch-Site says. The origin null is always refused.
//   - A request with none of the three does not come from a browser and passes: its
//     cookie, if it has one, was put there by its sender.
//   - The comparison is exact and includes scheme and port. Nothing is normalised:
//     browsers send one serialised form, and the settings must have the same form.
//   - A WebSocket handshake is a GET that CORS does not cover. So its Origin must be ours
//     or a listed one.
//
// We do not use http.CrossOriginProtection. It checks Sec-Fetch-Site before Origin, so it
// would refuse a listed origin. It has no rule for Referer, so it would not check old
// browsers at all.

// origins are those that may send requests with the cookie.
type origins map[string]bool

func newOrigins(base *url.URL, trusted []string) origins {
	o := origins{base.Scheme + "://" + base.Host: true}
	for _, origin := range trusted {
		o[origin] = true
	}
	return o
}

// refusedOrigin is the answer to a request from another site. If BASE_URL is on a
// developer's machine, the message says what to do: to a browser, 127.0.0.1 is not
// localhost. Otherwise the reader cannot change the settings, and the log tells the
// operator.
func refusedOrigin(base *url.URL) *web.Error {
	message := "Invalid origin: this site may not send requests here."
	if web.Loopback(base.Hostname()) {
		message += " Open " + base.Scheme + "://" + base.Host + " instead, which is BASE_URL, or list this page's origin in TRUSTED_ORIGINS."
	}
	return errOrigin(message)
}

func errOrigin(message string) *web.Error {
	return web.Refuse(http.StatusForbidden, "INVALID_ORIGIN", message)
}

// originsSetting is the setting that lists further origins.
const originsSetting = "TRUSTED_ORIGINS"

// guard refuses unsafe requests from other sites before any handler sees them.
func (o origins) guard(next http.Handler, refusal *web.Error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !o.allow(r) {
			web.NoteOrigin(r, originsSetting)
			web.Fail(w, r, refusal, writeError)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (o origins) allow(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	if values := r.Header.Values("Origin"); len(values) > 0 {
		return len(values) == 1 && o[values[0]]
	}
	if values := r.Header.Values("Referer"); len(values) > 0 {
		from, err := url.Parse(values[0])
		return len(values) == 1 && err == nil && o[from.Scheme+"://"+from.Host]
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "same-origin" && site != "none" {
			return false
		}
	}
	return true
}

// allowUpgrade says whether a WebSocket handshake may proceed.
func (o origins) allowUpgrade(r *http.Request) bool {
	values := r.Header.Values("Origin")
	if len(values) == 1 && o[values[0]] {
		return true
	}
	web.NoteOrigin(r, originsSetting)
	if len(values) == 0 { // no browser: the origin in the record is empty, which explains nothing
		web.NoteRefusal(r, everyHandshake)
	}
	return false
}

// everyHandshake names the rule that a WebSocket handshake says where it comes from.
const everyHandshake = "Origin of every WebSocket"

// traceHeaders are the headers that tracing in a page adds to requests (W3C Trace
// Context). The proxy continues the trace. tracestate is in proxy.RequestHeaders.
var traceHeaders = []string{"Traceparent"}

// cors lets the listed origins read answers, including errors. Every answer has Vary:
// Origin, so that no cache gives one origin's answer to another origin. forwarded are the
// entries that are added to the headers which pass to the API.
func (o origins) cors(forwarded []string) crossOrigin {
	headers, _ := proxy.NewHeaderList(forwarded) // newProxy returns the error, and this list is without its entries
	return crossOrigin{
		listed:  cors.New(o.corsOptions(append(headers.Names(), traceHeaders...))),
		any:     cors.New(o.corsOptions([]string{"*"})),
		headers: headers,
		origins: o,
	}
}

func (o origins) corsOptions(headers []string) cors.Options {
	return cors.Options{
		// Not AllowedOrigins: an empty list there means every origin.
		// If a request has several Origins, the library checks the first and repeats them all.
		AllowOriginVaryRequestFunc: func(r *http.Request, origin string) (bool, []string) {
			if o[origin] && len(r.Header.Values("Origin")) == 1 {
				return true, nil
			}
			if origin != "" && r.Method == http.MethodOptions { // a preflight: guard does not refuse it, so it is noted here
				web.NoteOrigin(r, originsSetting)
			}
			return false, nil
		},
		AllowCredentials: true,
		AllowedMethods: []string{
			http.MethodGet, http.MethodHead, http.MethodPost,
			http.MethodPut, http.MethodPatch, http.MethodDelete,
		},
		AllowedHeaders: headers,
		ExposedHeaders: []string{
			"Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Location", "Content-Range",
			"ETag", "Idempotency-Replayed", "Link", "Location", "Preference-Applied", "Retry-After", "X-Retry-After", exposedTokenHeader, web.RequestIDHeader,
		},
		MaxAge: 600, // seconds; Chromium's own limit is 7200
	}
}

// openToListed removes Cross-Origin-Resource-Policy from answers to CORS requests of a
// listed origin, because CORS allows it to read them. Only our own pages may load all
// other answers. A listed origin may not load them without CORS either (an image without
// crossorigin).
func (s *Server) openToListed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if allowed := h.Get("Access-Control-Allow-Origin"); allowed != "" && allowed != s.origin() {
			h.Del(web.ResourcePolicy)
		}
		next.ServeHTTP(w, r)
	})
}
