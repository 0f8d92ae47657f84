package proxy

import (
	"net/http"
	"strings"
)

const (
	ownHeader      = "the proxy writes it itself"
	hopHeader      = "it applies to one connection, not to the request"
	pathHeader     = "it says where a request comes from, and a client could forge it"
	identityHeader = "it says who the client is, and a client could forge it"
	wsHeader       = "it belongs to the WebSocket handshake and passes with it anyway"
)

var neverForwarded = map[string]string{
	"Authorization":         "the client's value must not reach the API",
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
	"Remote-Email":          identityHeader,
	"Remote-Groups":         identityHeader,
	"Remote-Name":           identityHeader,
	"Remote-User":           identityHeader,
	"X-Client-Cert":         identityHeader,
	"X-Email":               identityHeader,
	"X-Remote-User":         identityHeader,
	"X-Ssl-Client-Cert":     identityHeader,
	"X-User":                identityHeader,
	"X-User-Email":          identityHeader,
	"X-User-Id":             identityHeader,
	"X-Username":            identityHeader,
}

var neverForwardedPrefix = []struct{ prefix, reason string }{
	{"X-Forwarded-", pathHeader},
	{"X-Auth-Request-", identityHeader},
	{"X-Authenticated-", identityHeader},
	{"Sec-Websocket-", wsHeader},
}

// WhyNotForwarded returns the reason why an entry, a name or a pattern like X-My-*, cannot be
// added to the headers that pass, or "". It refuses what would break a guarantee of this
// package.
func WhyNotForwarded(entry string) string {
	if strings.Contains(entry, "*") && isToken(entry) && !strings.Contains(entry, "_") {
		prefix, found := strings.CutSuffix(entry, "*")
		if !found {
			return "a pattern has one *, at its end"
		}
		return whyNotPattern(prefix)
	}
	return whyNotName(entry)
}

// whyNotName returns the reason why a header must not pass, or "".
func whyNotName(name string) string {
	switch {
	case !isToken(name):
		return "it is not a valid header name"
	case strings.Contains(name, "_"):
		return "many servers read _ as -, so it could be mistaken for another header"
	}
	name = http.CanonicalHeaderKey(name)
	for _, p := range neverForwardedPrefix {
		if strings.HasPrefix(name, p.prefix) {
			return p.reason
		}
	}
	return neverForwarded[name]
}

// isToken reports whether s is a token of RFC 9110, the syntax of the names of headers
// and directives.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}
