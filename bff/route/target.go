package route

import (
	"net/url"
	"strings"
)

// defaultRoot is where the default API is below BACKEND_URL.
const defaultRoot = "/api/"

// Base returns the URL below which the route's requests go: the path of a request below Path
// is appended to its path, which ends in a slash. backend is BACKEND_URL, for a route to the
// default API.
func (r *Route) Base(backend *url.URL) *url.URL {
	base := &url.URL{Scheme: backend.Scheme, Host: backend.Host, Path: strings.TrimSuffix(backend.Path, "/") + defaultRoot}
	if r.Upstream != nil {
		base = &url.URL{Scheme: r.Upstream.Scheme, Host: r.Upstream.Host, Path: r.Upstream.Path}
	}
	if r.KeepPath {
		base.Path += strings.TrimPrefix(r.Path, "/")
	}
	return base
}

// WithUser replaces each segment `me` of rest by the user's id, on a route with Me. rest is the
// path below Path, as it was written. id needs no escapes.
func (r *Route) WithUser(rest, id string) string {
	if !r.Me || !strings.Contains(rest, "me") {
		return rest
	}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		if s == "me" {
			segments[i] = id
		}
	}
	return strings.Join(segments, "/")
}
