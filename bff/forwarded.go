package bff

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"vestibule/internal/values"
	"vestibule/internal/web"
)

// What a proxy that asks with forward auth says about the request that it holds. The rules:
//
//   - X-Forwarded-Method and X-Forwarded-Uri are required. The request that asks is a GET, so
//     without them a POST from another site would pass as a GET.
//   - Each has one value. Two mean that the proxy has added its own to what its client has
//     sent, and nobody knows which one is true.
//   - The target is read as net/http reads that of a request, so the checks of the path see
//     what they see of a proxied request. But the proxy that asks sends the target on as it is,
//     and ours does not: so a # is refused, from which on an application may ignore the rest, and
//     a space, at which the target may end for it.
//   - All other headers are those of the request that asks. The proxies copy them.
const (
	forwardedMethod = "X-Forwarded-Method"
	forwardedURI    = "X-Forwarded-Uri"
)

// forwardedRequest returns the request that a proxy asks about. It has the headers and the
// context of r.
func forwardedRequest(r *http.Request) (*http.Request, error) {
	method, err := forwardedValue(r.Header, forwardedMethod)
	if err != nil {
		return nil, err
	}
	if !values.IsToken(method) { // a header may have marks that deceive the reader of the log
		return nil, errForwarded(forwardedMethod + " is not a method. Make the proxy that asks send the one of the browser's request.")
	}
	uri, err := forwardedValue(r.Header, forwardedURI)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(uri, "/") { // a whole URL, or the * of OPTIONS
		return nil, asForbidden(web.BadPath("does not start with a slash"))
	}
	if strings.ContainsAny(uri, "# ") {
		return nil, asForbidden(web.BadPath("contains a space or a fragment, which no request may have"))
	}
	target, err := url.ParseRequestURI(uri)
	if err != nil {
		return nil, asForbidden(web.BadPath("cannot be read"))
	}
	asked := r.WithContext(r.Context())
	asked.Method, asked.URL, asked.RequestURI = method, target, uri
	return asked, nil
}

// forwardedValue returns the one value of a header, or a refusal that tells the operator what
// to do.
func forwardedValue(h http.Header, name string) (string, error) {
	switch values := h[name]; {
	case len(values) > 1:
		return "", errForwarded(name + " is given " + strconv.Itoa(len(values)) + " times. Make the proxy that asks replace what its client has sent, instead of adding to it.")
	case len(values) == 0 || values[0] == "":
		return "", errForwarded(name + " is missing. Make the proxy that asks send the method and the target of the browser's request as " + forwardedMethod + " and " + forwardedURI + ".")
	default:
		return values[0], nil
	}
}

// errForwarded refuses a question that does not say which request it is about.
func errForwarded(message string) *web.Error {
	return web.Refuse(http.StatusForbidden, "FORWARDED_HEADERS", message+" docs/deploy.md has the configuration.")
}
