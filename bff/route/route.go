// Package route holds the routes of the BFF's proxy: which path leads to which API, and by
// which rules.
//
// A Table comes from the setting ROUTES (Parse) or is the one default route (Default). It is
// checked as a whole before the program starts: no two routes can take the same request, not
// even for a server that ignores case or decodes escapes. The proxy asks the table for each
// request (Table.Find), and then the route (Route.Refuses), before it sends anything.
package route

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vestibule/internal/web"
)

// SessionRule says what a route asks of the session.
type SessionRule int

const (
	Required SessionRule = iota // without a live session nothing is sent
	Optional                    // a live session is passed on as a token; a request without one passes too
	None                        // the session is not read, and no token is sent
)

// String returns the rule as it is written in ROUTES.
func (s SessionRule) String() string {
	return [...]string{"required", "optional", "none"}[s]
}

// Route is one row of the table.
type Route struct {
	// Path is where browsers find the API: a path below /api/ that ends in a slash. It has no
	// escapes.
	Path string
	// Upstream is the URL of the API. Requests go below its path, which ends in a slash and has
	// no escapes. nil: the default API, which is at /api/ below BACKEND_URL. Without
	// BACKEND_URL that is the task API in the process of `vestibule serve`.
	Upstream *url.URL
	KeepPath bool // Path, without its first slash, comes after the upstream's path; otherwise it is left out

	Audience, Scope string   // of the route's tokens
	Claims          []string // further claims of its tokens: email, email_verified, name
	Session         SessionRule

	Methods []string  // in the order of Methods(), HEAD always with GET; nil: all that the proxy passes
	Paths   []Pattern // those below Path that may be called; nil: all

	BodyLimit      int64         // bytes of a request body; 0: no limit
	Timeout        time.Duration // of the wait for an answer's headers; 0: no bound
	ForwardHeaders []string      // further request headers that pass, in canonical form

	Redirects []string // hosts to which a redirect may lead: host, or host:port; over https unless the host is a loopback one
	OwnCSP    bool     // the upstream's Content-Security-Policy applies to its pages
	WebSocket bool     // WebSocket handshakes pass
	Me        bool     // a path segment `me` is replaced by the user's id

	below []string // the paths of the table's routes below this one, without this one's path
	index *index   // of the table
}

// Table holds routes, the one with the longest path first. Make one with New.
type Table []Route

// Audiences returns the audiences of the tokens that the routes attach, each once.
func (t Table) Audiences() (list []string) {
	for i := range t {
		if r := &t[i]; r.Session != None && !slices.Contains(list, r.Audience) {
			list = append(list, r.Audience)
		}
	}
	return list
}

// New returns the table of routes. It does not check them.
func New(routes ...Route) Table {
	t := Table(slices.Clone(routes))
	slices.SortStableFunc(t, func(a, b Route) int {
		return cmp.Or(cmp.Compare(len(b.Path), len(a.Path)), strings.Compare(a.Path, b.Path))
	})
	for i := range t {
		t[i].below = nil
		for _, longer := range t[:i] {
			if rest, ok := strings.CutPrefix(longer.Path, t[i].Path); ok {
				t[i].below = append(t[i].below, rest)
			}
		}
	}
	ix := newIndex(t)
	for i := range t {
		t[i].index = ix
	}
	return t
}

// Defaults holds the settings that apply to routes that do not say otherwise.
type Defaults struct {
	Public         *url.URL // the BFF's own origin; nil: not known
	Listen         []string // the host:port of each listener that no route may lead to
	Backend        *url.URL // BACKEND_URL; nil: the task API in the process
	Audience       string   // of a route to the default API
	BodyLimit      int64    // bytes; 0: no limit
	Timeout        time.Duration
	ForwardHeaders []string // pass on all routes
}

// DefaultPath is where browsers find the API without ROUTES.
const DefaultPath = "/api/proxy/"

// Default returns the table without ROUTES: one route to the default API.
func Default(d Defaults) Table {
	return New(Route{
		Path:           DefaultPath,
		Audience:       d.Audience,
		BodyLimit:      d.BodyLimit,
		Timeout:        d.Timeout,
		ForwardHeaders: d.ForwardHeaders,
		WebSocket:      true,
	})
}

// Methods returns the methods that the proxy passes. TRACE would show the proxy's own headers
// to the client, CONNECT opens tunnels, and the others have not been reviewed.
func Methods() []string {
	return []string{
		http.MethodGet, http.MethodHead, http.MethodPost,
		http.MethodPut, http.MethodPatch, http.MethodDelete,
	}
}

// AllowsHTTP reports whether requests go in clear over a network, which a route with an upstream
// must permit: allow_http.
func (r *Route) AllowsHTTP() bool {
	return r.Upstream != nil && r.Upstream.Scheme != "https" && !web.Loopback(r.Upstream.Hostname())
}

// Rule names a member of the route that refuses a request, in the words of the log.
func (r *Route) Rule(member string) string { return member + " of route " + r.Path }

// Refuses returns the rule of the route that refuses a request, in the words of the log, and
// the status of the refusal: 404 for a path, 405 for a method. rest is the path below Path,
// as it was written; web.CheckPath must have accepted the whole path. rule is "" if the
// request passes.
func (r *Route) Refuses(method, rest string) (rule string, status int) {
	if r.Paths != nil && (isEscapedTwice(rest) || !slices.ContainsFunc(r.Paths, func(p Pattern) bool { return p.Match(rest) })) {
		return r.Rule("paths"), http.StatusNotFound
	}
	if r.Methods != nil && !slices.Contains(r.Methods, method) {
		return r.Rule("methods"), http.StatusMethodNotAllowed
	}
	return "", 0
}
