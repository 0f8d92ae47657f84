package proxy

import (
	"net/http"
	"slices"
	"strings"

	"vestibule/bff/route"
)

// ExplainHeader says what happens to a request header on a route: whether the client's value
// reaches the API, and why.
func ExplainHeader(name string, r *route.Route) (passes bool, why string) {
	name = http.CanonicalHeaderKey(name)
	reason := route.WhyNotName(name)
	listed, _ := NewHeaderList(r.ForwardHeaders) // they have been checked
	handshake := name == "Connection" || name == "Upgrade" || slices.Contains(handshakeRequest, name)
	switch {
	case name == "Content-Length":
		return true, "as the length of the body"
	case name == "Tracestate":
		return true, "with a valid traceparent"
	case slices.Contains(requestHeaders, name):
		return true, "passes on every route"
	case listed.Passes(name):
		return true, "is in forward_headers or PROXY_FORWARD_HEADERS"
	case handshake && r.WebSocket:
		return true, "with a WebSocket handshake only"
	case handshake:
		return false, "the route has no WebSockets"
	case name == "Authorization" && r.Session == route.None:
		return false, reason + "; the route sends no token"
	case name == "Authorization":
		return false, reason + "; the proxy sends the session's token"
	case name == "X-Forwarded-For", name == "X-Forwarded-Host", name == "X-Forwarded-Proto":
		return false, "the proxy writes it itself"
	case name == "Traceparent":
		return false, "the proxy writes it itself, and continues the client's trace"
	case reason != "":
		return false, reason
	}
	return false, "is not listed; add it to forward_headers of the route, or to PROXY_FORWARD_HEADERS"
}

// UsualHeaders returns the request headers that browsers and their frontends usually send.
func UsualHeaders() []string {
	names := append(RequestHeaders(),
		"Authorization", "Connection", "Content-Length", "Cookie", "Dnt", "Host", "Origin", "Pragma", "Priority", "Referer",
		"Sec-Ch-Ua", "Sec-Fetch-Site", "Sec-Websocket-Protocol", "Traceparent", "Upgrade",
		"X-Csrf-Token", "X-Forwarded-For", "X-Real-Ip", "X-Request-Id", "X-Requested-With",
	)
	slices.SortFunc(names, strings.Compare)
	return names
}
