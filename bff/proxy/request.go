package proxy

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"vestibule/internal/web"
)

// The rules for what the API gets:
//
//   - A new header is made of what is listed; nothing is removed from the
//     client's. A name that nobody has thought of (X-User-Id, X_Forwarded_For)
//     does not pass, and a client's Connection header can strike out none of
//     ours.
//   - What the API may believe is written here: Authorization, X-Forwarded-*,
//     X-Request-Id, traceparent. X-Forwarded-For is one address, the one that
//     the rest of this server goes by too.
//   - Neither Cookie nor Referer passes.
//   - Nothing is added for convenience: no Accept-Encoding, no User-Agent.

// requestHeaders pass from the client to the API.
var requestHeaders = []string{
	"Accept",
	"Accept-Encoding",
	"Accept-Language",
	"Cache-Control",
	"Content-Encoding",
	"Content-Language",
	"Content-Type",
	"Idempotency-Key",
	"If-Match",
	"If-Modified-Since",
	"If-None-Match",
	"If-Range",
	"If-Unmodified-Since",
	"Last-Event-Id",
	"Prefer",
	"Range",
	"Tracestate",
	"User-Agent",
}

// RequestHeaders returns the names, in canonical form, of the headers that pass
// from every request to the API. (Content-Length passes too, as the length of
// the body.)
func RequestHeaders() []string {
	return append([]string(nil), requestHeaders...)
}

// rewrite makes the request that the API gets.
func (p *Proxy) rewrite(pr *httputil.ProxyRequest) {
	x := exchangeOf(pr.Out.Context())
	pr.Out.URL = p.target(x.in.URL)
	pr.Out.Host = p.cfg.Backend.Host
	pr.Out.Header = p.header(x)
}

// target is where the API has what u names here.
func (p *Proxy) target(u *url.URL) *url.URL {
	return &url.URL{
		Scheme:     p.cfg.Backend.Scheme,
		Host:       p.cfg.Backend.Host,
		Path:       p.root + strings.TrimPrefix(u.Path, prefix),
		RawPath:    p.rawRoot + strings.TrimPrefix(rawPath(u), prefix),
		RawQuery:   u.RawQuery,
		ForceQuery: u.ForceQuery,
	}
}

func (p *Proxy) header(x *exchange) http.Header {
	h := make(http.Header, 16)
	pass(h, x.in.Header, p.allowed)
	if x.upgrade {
		pass(h, x.in.Header, handshakeRequest)
		h["Connection"] = []string{"Upgrade"}
		h["Upgrade"] = []string{"websocket"}
	}
	h["Authorization"] = []string{"Bearer " + x.bearer}
	if ip := p.cfg.ClientIP(x.in); ip != "" {
		h["X-Forwarded-For"] = []string{ip}
	}
	h["X-Forwarded-Host"] = p.forwardedHost
	h["X-Forwarded-Proto"] = p.forwardedProto
	if id := web.RequestID(x.in); id != "" {
		h[web.RequestIDHeader] = []string{id}
	}
	parent, continued := traceparent(x.in.Header["Traceparent"])
	h["Traceparent"] = []string{parent}
	if !continued {
		delete(h, "Tracestate") // it belongs to a trace that we do not continue
	}
	return h
}

// pass copies the named headers, as many lines as there are of each.
func pass(to, from http.Header, names []string) {
	for _, name := range names {
		if values, ok := from[name]; ok {
			to[name] = values
		}
	}
}
