package route

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"vestibule/internal/values"
	"vestibule/internal/web"
)

// own are the BFF's own paths below /api/. No route may take them, nor a path below them.
var own = []string{"/api/auth", "/api/docs", "/api/openapi.json"}

// IsOwn reports whether a path is the BFF's own, or below one of its own. Case does not count.
func IsOwn(path string) bool {
	path = strings.ToLower(path) + "/"
	for _, p := range own {
		if strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

func (f *fieldReader) path() {
	text, ok := f.string()
	if !ok {
		return
	}
	if m := checkPath(text); m != nil {
		f.refuse(text, m.Problem, m.Cure)
	}
	f.row.Path = text
}

func checkPath(text string) *values.Mistake {
	const chars = "use letters, digits and - . _ ~ between its slashes"
	switch {
	case len(text) > maxPath:
		return &values.Mistake{Problem: "is too long", Cure: "use at most 255 bytes"}
	case strings.Contains(text, "%"):
		return &values.Mistake{Problem: "has an escape", Cure: chars + ", which need none"}
	case strings.Contains(text, "*"):
		return &values.Mistake{Problem: "has a *", Cure: "leave it out: a route takes all paths below its own"}
	case strings.ContainsFunc(text, func(c rune) bool { return c != '/' && !isUnreserved(c) }):
		return &values.Mistake{Problem: "has a character that a route's path may not have", Cure: chars}
	case strings.Contains(text, "//"):
		return &values.Mistake{Problem: "has an empty segment, which no request can have", Cure: "write one slash"}
	case hasDotSegment(text):
		return &values.Mistake{Problem: "has a dot segment, which no request can have", Cure: "leave it out"}
	case strings.Contains(text, "./"):
		return &values.Mistake{Problem: "has a segment with a dot at its end, which some servers remove", Cure: "leave the dot out"}
	case !strings.HasPrefix(text, "/api/"):
		return &values.Mistake{Problem: "is not below /api/", Cure: "write a path like /api/billing/"}
	case text == "/api/":
		return &values.Mistake{Problem: "would take all paths of the BFF itself", Cure: "write a path below it, like /api/billing/"}
	case IsOwn(strings.TrimSuffix(text, "/")):
		return &values.Mistake{Problem: "belongs to the BFF itself", Cure: "choose another path below /api/"}
	case !strings.HasSuffix(text, "/"):
		return &values.Mistake{Problem: "does not end in a slash", Cure: "write " + text + "/"}
	}
	return nil
}

// isUnreserved accepts the characters that no server escapes (RFC 3986 §2.3).
func isUnreserved(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-._~", c)
}

func hasDotSegment(text string) bool {
	for segment := range strings.SplitSeq(text, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

func (f *fieldReader) upstream() {
	text, ok := f.string()
	if !ok {
		return
	}
	u, m := parseUpstream(text)
	if m != nil {
		f.refuse(text, m.Problem, m.Cure)
		return
	}
	f.row.Upstream = u
	if f.p.defaults.IsOwnAddress(u) {
		f.refuse(text, "is an address of the BFF, which would call itself", "write the address of the API")
	}
}

func parseUpstream(text string) (*url.URL, *values.Mistake) {
	u, m := values.HTTPURL(text, "https://billing.internal/v2/")
	if m != nil {
		return nil, m
	}
	u.Host = strings.ToLower(u.Host)
	if m := values.CheckHost(u.Hostname()); m != nil {
		return nil, m
	}
	switch {
	case u.RawQuery != "" || u.ForceQuery:
		return nil, &values.Mistake{Problem: "has a query, which proxied requests cannot keep", Cure: "remove it"}
	case u.RawPath != "" || u.EscapedPath() != u.Path:
		return nil, &values.Mistake{Problem: "has a path with escapes, or with characters that need them", Cure: "write a plain path, like https://billing.internal/v2/"}
	}
	// Without this slash, the segment before it would be lost or joined to the next one.
	u.Path = strings.TrimSuffix(u.Path, "/") + "/"
	if strings.Contains(u.Path, "//") || hasDotSegment(u.Path) {
		return nil, &values.Mistake{Problem: "has a path with dots or empty segments", Cure: "write a plain path, like https://billing.internal/v2/"}
	}
	return u, nil
}

// IsOwnAddress reports whether u leads to this BFF: to its public origin, or to a listener of it.
func (d Defaults) IsOwnAddress(u *url.URL) bool {
	if d.Public != nil && strings.EqualFold(u.Hostname(), d.Public.Hostname()) && values.Port(u) == values.Port(d.Public) {
		return true
	}
	return slices.ContainsFunc(d.Listen, func(address string) bool { return leadsTo(u, address) })
}

// leadsTo reports whether u leads to a listener of this machine.
func leadsTo(u *url.URL, address string) bool {
	host, listens, err := net.SplitHostPort(address)
	if err != nil || listens != values.Port(u) {
		return false
	}
	// An empty host and the zero addresses mean every interface. Of these, only loopback is
	// known to be this machine.
	everywhere := host == "" || host == "0.0.0.0" || host == "::"
	return strings.EqualFold(host, u.Hostname()) || web.Loopback(u.Hostname()) && (everywhere || web.Loopback(host))
}

// allowHTTP reads a member that checkRow uses.
func (f *fieldReader) allowHTTP() {
	var allowed bool
	f.flag(&allowed)
}

func (f *fieldReader) redirects() {
	f.row.Redirects = f.list(func(text string) (string, *values.Mistake) {
		host, m := parseRedirectHost(text)
		if m == nil && f.p.defaults.Public != nil && host == RedirectHost(f.p.defaults.Public) {
			m = &values.Mistake{Problem: "is the BFF's own host, where a redirect could use the session", Cure: "leave it out"}
		}
		return host, m
	})
}

// parseRedirectHost reads host or host:port.
func parseRedirectHost(text string) (string, *values.Mistake) {
	const form = "write a host like files.example.com, or host:port"
	if strings.Contains(text, "*") {
		return "", &values.Mistake{Problem: "has a wildcard, which would allow hosts that others control", Cure: "list each host"}
	}
	u, err := url.Parse("https://" + text)
	switch {
	case strings.Contains(text, "://"):
		return "", &values.Mistake{Problem: "has a scheme", Cure: form}
	case err != nil || u.Host != text || u.Hostname() == "":
		return "", &values.Mistake{Problem: "is not a host", Cure: form}
	case strings.HasSuffix(text, ":") || u.Port() != "" && !values.ValidPort(u.Port(), 1):
		return "", &values.Mistake{Problem: "has an invalid port", Cure: "use a port from 1 to 65535, without leading zeros"}
	}
	u.Host = strings.ToLower(u.Host)
	if m := values.CheckHost(u.Hostname()); m != nil {
		return "", m
	}
	return RedirectHost(u), nil
}

// RedirectHost returns the host of u as Route.Redirects has it: in lower case, and with its port
// if that is not the one of https.
func RedirectHost(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	return host
}
