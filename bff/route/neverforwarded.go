package route

import (
	"net/http"
	"strings"

	"vestibule/internal/values"
)

// The request headers that no route may forward: those that would break a guarantee of the
// proxy. All others pass only if they are listed.

const (
	ownHeader      = "the proxy writes it itself"
	hopHeader      = "it applies to one connection, not to the request"
	pathHeader     = "it says where a request comes from, and a client could forge it"
	identityHeader = "it says who the client is, and a client could forge it"
	methodHeader   = "an API that obeys it would run another method than the one that the route's methods let pass"
	wsHeader       = "it belongs to the WebSocket handshake and passes with it anyway"
)

var neverForwarded = map[string]string{
	"Authorization":          "the client's value must not reach the API",
	"Cookie":                 "it holds the session's secret",
	"Cookie2":                "it holds the session's secret",
	"Set-Cookie":             "it is for answers",
	"Traceparent":            ownHeader,
	"X-Request-Id":           ownHeader,
	"Host":                   ownHeader,
	"Content-Length":         ownHeader,
	"Connection":             hopHeader,
	"Expect":                 hopHeader,
	"Http2-Settings":         hopHeader,
	"Keep-Alive":             hopHeader,
	"Proxy-Authenticate":     hopHeader,
	"Proxy-Authorization":    hopHeader,
	"Proxy-Connection":       hopHeader,
	"Te":                     hopHeader,
	"Trailer":                hopHeader,
	"Transfer-Encoding":      hopHeader,
	"Upgrade":                hopHeader,
	"Cf-Connecting-Ip":       pathHeader,
	"Cf-Connecting-Ipv6":     pathHeader,
	"Client-Ip":              pathHeader,
	"Fastly-Client-Ip":       pathHeader,
	"Forwarded":              pathHeader,
	"Front-End-Https":        pathHeader,
	"Remote-Addr":            pathHeader,
	"True-Client-Ip":         pathHeader,
	"Via":                    pathHeader,
	"X-Client-Ip":            pathHeader,
	"X-Cluster-Client-Ip":    pathHeader,
	"X-Envoy-External-Addr":  pathHeader,
	"X-Host":                 pathHeader,
	"X-Original-Host":        pathHeader,
	"X-Original-Uri":         pathHeader,
	"X-Original-Url":         pathHeader,
	"X-Real-Ip":              pathHeader,
	"X-Remote-Addr":          pathHeader,
	"X-Remote-Ip":            pathHeader,
	"X-Rewrite-Url":          pathHeader,
	"X-Http-Method":          methodHeader,
	"X-Http-Method-Override": methodHeader,
	"X-Method-Override":      methodHeader,
	"X-Original-Method":      methodHeader,
	"Remote-Email":           identityHeader,
	"Remote-Groups":          identityHeader,
	"Remote-Name":            identityHeader,
	"Remote-User":            identityHeader,
	"X-Anonymous-Consumer":   identityHeader,
	"X-Client-Cert":          identityHeader,
	"X-Email":                identityHeader,
	"X-Remote-User":          identityHeader,
	"X-Ssl-Client-Cert":      identityHeader,
	"X-User":                 identityHeader,
	"X-User-Email":           identityHeader,
	"X-User-Id":              identityHeader,
	"X-Username":             identityHeader,
}

var neverForwardedPrefix = []struct{ prefix, reason string }{
	{"X-Forwarded-", pathHeader},
	{"X-Auth-Request-", identityHeader},
	{"X-Authenticated-", identityHeader},
	{"X-Amzn-Oidc-", identityHeader},
	{"X-Consumer-", identityHeader},   // Kong
	{"X-Credential-", identityHeader}, // Kong
	{"X-Goog-Authenticated-", identityHeader},
	{"X-Goog-Iap-", identityHeader},
	{"X-Ms-Client-Principal", identityHeader}, // also without an ending
	{"X-Ms-Token-", identityHeader},
	{"X-Webauth-", identityHeader},
	{"Sec-Websocket-", wsHeader},
}

// MaxHeaderPatterns is the largest number of patterns among the request headers that pass. Each
// one is compared with every name of a request's header.
const MaxHeaderPatterns = 20

// WhyNotForwarded returns the reason why an entry, a name or a pattern like X-My-*, cannot be
// added to the headers that pass, or "". It refuses what would break a guarantee of the proxy.
func WhyNotForwarded(entry string) string {
	if strings.Contains(entry, "*") && values.IsToken(entry) && !strings.Contains(entry, "_") {
		prefix, found := strings.CutSuffix(entry, "*")
		if !found {
			return "a pattern has one *, at its end"
		}
		return whyNotPattern(prefix)
	}
	return WhyNotName(entry)
}

// WhyNotName returns the reason why a header must not pass, or "".
func WhyNotName(name string) string {
	switch {
	case !values.IsToken(name):
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

// whyNotPattern returns the reason why the pattern of a prefix cannot be added, or "".
func whyNotPattern(prefix string) string {
	switch {
	case strings.Contains(prefix, "*"):
		return "a pattern has one *, at its end"
	case len(prefix) <= len("X-") || !strings.EqualFold(prefix[:len("X-")], "X-"):
		return "a pattern begins with X- and at least one more character"
	}
	prefix = http.CanonicalHeaderKey(prefix)
	matched := "" // the first name in the order of the alphabet, so that the message is always the same
	for name := range neverForwarded {
		if strings.HasPrefix(name, prefix) && (matched == "" || name < matched) {
			matched = name
		}
	}
	if matched != "" {
		return "it matches " + matched + " too, which must not pass: " + neverForwarded[matched]
	}
	for _, family := range neverForwardedPrefix {
		if strings.HasPrefix(family.prefix, prefix) || strings.HasPrefix(prefix, family.prefix) {
			return "it matches " + family.prefix + "… too, which must not pass: " + family.reason
		}
	}
	return ""
}
