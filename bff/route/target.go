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
	base := r.Upstream
	if base == nil {
		base = below(backend, defaultRoot)
	}
	if r.KeepPath {
		base = below(base, r.Path)
	}
	return base
}

// below returns the URL of a path below that of u. The path begins with a slash and has no
// escapes; that of u may have some.
func below(u *url.URL, path string) *url.URL {
	under := *u
	under.Path = strings.TrimSuffix(u.Path, "/") + path
	under.RawPath = strings.TrimSuffix(u.EscapedPath(), "/") + path
	return &under
}

// WithUser replaces each segment `me` of rest by the user's id, on a route with Me. rest is the
// path below Path, as it was written. id needs no escapes.
func (r *Route) WithUser(rest, id string) string {
	if !r.Me {
		return rest
	}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		if decodesTo(s, "me") { // as patterns see it
			segments[i] = id
		}
	}
	return strings.Join(segments, "/")
}
