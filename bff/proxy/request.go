package proxy

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"vestibule/internal/web"
)

// The rules for the headers that the API gets:
//
//   - We build a new header from a list of allowed names and patterns (HeaderList), instead
//     of removing names from the client's header. So an unexpected name (X-User-Id, X_Forwarded_For)
//     does not pass, and a client's Connection header cannot remove one of ours.
//   - We write the headers that the API trusts: Authorization, X-Forwarded-*,
//     X-Request-Id, traceparent. X-Forwarded-For is a single address, the same one
//     that the rest of this server uses.
//   - Cookie and Referer do not pass.
//   - We add nothing for convenience: no Accept-Encoding, no User-Agent.
//   - An API is asked not to compress events. We could not append the last one otherwise
//     (lastwords.go). A server in front of us may still compress them.

// rewrite builds the request for the API.
func (p *Proxy) rewrite(pr *httputil.ProxyRequest) {
	x := exchangeOf(pr.Out.Context())
	*pr.Out.URL = p.target(x.in.URL, x.rest, x.grant.User)
	pr.Out.Host = p.upstream.Host
	pr.Out.Header = p.header(x)
}

// target translates our URL into the API's. rest is its path below ours as it was written.
func (p *Proxy) target(u *url.URL, rest, user string) url.URL {
	decoded := strings.TrimPrefix(u.Path, p.cfg.Path)
	if user != "" {
		if with := p.cfg.WithUser(rest, user); with != rest {
			decoded, _ = url.PathUnescape(with) // its escapes are valid: admit has checked them
			rest = with
		}
	}
	path := p.root + decoded
	raw := path
	if rest != decoded || p.rawRoot != p.root {
		raw = p.rawRoot + rest
	}
	return url.URL{
		Scheme:     p.upstream.Scheme,
		Host:       p.upstream.Host,
		Path:       path,
		RawPath:    raw,
		RawQuery:   u.RawQuery,
		ForceQuery: u.ForceQuery,
	}
}

func (p *Proxy) header(x *exchange) http.Header {
	h := make(http.Header, 14) // the most for which a map takes 16 places, and not 32
	p.allowed.pass(h, x.in.Header)
	if x.upgrade {
		pass(h, x.in.Header, handshakeRequest)
		h["Connection"] = []string{"Upgrade"}
		h["Upgrade"] = []string{"websocket"}
	}
	if x.events {
		h["Accept-Encoding"] = []string{"identity"}
	}
	if x.grant.Bearer != "" {
		h["Authorization"] = x.value("Bearer " + x.grant.Bearer)
	}
	if x.address != "" {
		h["X-Forwarded-For"] = x.value(x.address)
	}
	h["X-Forwarded-Host"] = p.forwardedHost
	h["X-Forwarded-Proto"] = p.forwardedProto
	if id := web.RequestID(x.in); id != "" {
		h[web.RequestIDHeader] = x.value(id)
	}
	parent, continued := x.parent()
	h["Traceparent"] = x.value(parent)
	if !continued {
		delete(h, "Tracestate") // it belongs to a trace that we do not continue
	}
	p.noteDropped(x)
	return h
}

// value returns the values of a header that has one. It may be called once for each of
// x.values.
func (x *exchange) value(s string) []string {
	x.values[x.nth] = s
	x.nth++
	return x.values[x.nth-1 : x.nth : x.nth]
}

// pass copies all lines of the named headers.
func pass(to, from http.Header, names []string) {
	for _, name := range names {
		if values, ok := from[name]; ok {
			to[name] = values
		}
	}
}
