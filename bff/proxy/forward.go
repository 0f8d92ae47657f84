package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// forwardable checks the further request headers that an operator lets pass and
// returns them in canonical form. Names that would undo a promise of this
// package are refused, all of them at once.
func forwardable(names []string) ([]string, error) {
	var faults []error
	canonical := make([]string, 0, len(names))
	for _, name := range names {
		if reason := WhyNotForwarded(name); reason != "" {
			faults = append(faults, fmt.Errorf("request header %q cannot be forwarded: %s", name, reason))
			continue
		}
		canonical = append(canonical, http.CanonicalHeaderKey(name))
	}
	return canonical, errors.Join(faults...)
}

const (
	ownHeader  = "the proxy writes it itself"
	hopHeader  = "it is about one connection, not about the request"
	pathHeader = "it says where a request comes from, which a client could invent"
	idHeader   = "it says who a client is, which a client could invent"
	wsHeader   = "it belongs to the WebSocket handshake, with which it passes anyway"
)

var neverForwarded = map[string]string{
	"Authorization":         "the client's own must not reach the API",
	"Cookie":                "it holds the session's secret",
	"Cookie2":               "it holds the session's secret",
	"Set-Cookie":            "it is for answers",
	"Traceparent":           ownHeader,
	"X-Request-Id":          ownHeader,
	"Host":                  ownHeader,
	"Content-Length":        ownHeader,
	"Connection":            hopHeader,
	"Expect":                hopHeader,
	"Http2-Settings":        hopHeader,
	"Keep-Alive":            hopHeader,
	"Proxy-Authenticate":    hopHeader,
	"Proxy-Authorization":   hopHeader,
	"Proxy-Connection":      hopHeader,
	"Te":                    hopHeader,
	"Trailer":               hopHeader,
	"Transfer-Encoding":     hopHeader,
	"Upgrade":               hopHeader,
	"Cf-Connecting-Ip":      pathHeader,
	"Cf-Connecting-Ipv6":    pathHeader,
	"Client-Ip":             pathHeader,
	"Fastly-Client-Ip":      pathHeader,
	"Forwarded":             pathHeader,
	"Front-End-Https":       pathHeader,
	"Remote-Addr":           pathHeader,
	"True-Client-Ip":        pathHeader,
	"Via":                   pathHeader,
	"X-Client-Ip":           pathHeader,
	"X-Cluster-Client-Ip":   pathHeader,
	"X-Envoy-External-Addr": pathHeader,
	"X-Host":                pathHeader,
	"X-Original-Host":       pathHeader,
	"X-Original-Uri":        pathHeader,
	"X-Original-Url":        pathHeader,
	"X-Real-Ip":             pathHeader,
	"X-Remote-Addr":         pathHeader,
	"X-Remote-Ip":           pathHeader,
	"X-Rewrite-Url":         pathHeader,
	"Remote-Email":          idHeader,
	"Remote-Groups":         idHeader,
	"Remote-Name":           idHeader,
	"Remote-User":           idHeader,
	"X-Client-Cert":         idHeader,
	"X-Email":               idHeader,
	"X-Remote-User":         idHeader,
	"X-Ssl-Client-Cert":     idHeader,
	"X-User":                idHeader,
	"X-User-Email":          idHeader,
	"X-User-Id":             idHeader,
	"X-Username":            idHeader,
}

var neverForwardedPrefix = []struct{ prefix, reason string }{
	{"X-Forwarded-", pathHeader},
	{"X-Auth-Request-", idHeader},
	{"X-Authenticated-", idHeader},
	{"Sec-Websocket-", wsHeader},
}

// WhyNotForwarded says why a header must not pass, or "".
func WhyNotForwarded(name string) string {
	switch {
	case !isToken(name):
		return "it is not the name of a header"
	case strings.Contains(name, "_"):
		return "many servers read _ as -, so that it could pass for another header"
	}
	name = http.CanonicalHeaderKey(name)
	for _, p := range neverForwardedPrefix {
		if strings.HasPrefix(name, p.prefix) {
			return p.reason
		}
	}
	return neverForwarded[name]
}

// isToken is RFC 9110's token: what names of headers and directives are made of.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}
