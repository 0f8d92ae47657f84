package proxy

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"vestibule/internal/web"
)

// The rules for addresses in answers:
//
//   - What lies under the API's /api/ becomes a path of ours under /api/proxy/,
//     however the API wrote it: with its own origin, as a path, or relative to
//     the request. Its origin is the one that it was called under, and the
//     public one that X-Forwarded-Host and -Proto told it about.
//   - What else lies on the API's host is not for the browser to see. A
//     redirect there, or to anywhere else, is a 502: the browser, or the
//     script that asked for data, would follow it without the user's knowledge.
//   - A path that the proxy would refuse as a request is refused here too, so
//     that nobody can leave /api/proxy/ by dot segments or backslashes.
//   - Other addresses pass as they are, where they are no redirect.

// place is where an address points.
type place int

const (
	nowhere   place = iota // it cannot be read, or not by everybody alike
	hidden                 // on the API's host, but not under its /api/
	elsewhere              // on another host, or on none (urn:, mailto:)
	inside                 // under the API's /api/
)

// rewriteTargets rewrites or drops the addresses in an answer's header. It
// fails if a redirect goes elsewhere.
func (p *Proxy) rewriteTargets(res *http.Response) error {
	for _, name := range []string{"Location", "Content-Location"} {
		values, ok := res.Header[name]
		if !ok {
			continue
		}
		target, at := "", nowhere
		if len(values) == 1 {
			target, at = p.locate(res.Request.URL, values[0])
		}
		switch {
		case at == inside:
			res.Header[name] = []string{target}
		case name == "Location" && isRedirect(res.StatusCode):
			return errBadGateway.Because(fmt.Errorf("the API answered %d with Location %q, which is not under %s%s",
				res.StatusCode, values, p.cfg.Backend.Host, p.rawRoot))
		case at != elsewhere:
			delete(res.Header, name)
		}
	}
	if lines, ok := res.Header["Link"]; ok {
		if lines = p.rewriteLinks(res.Request.URL, lines); len(lines) > 0 {
			res.Header["Link"] = lines
		} else {
			delete(res.Header, "Link")
		}
	}
	return nil
}

func isRedirect(status int) bool {
	return status/100 == 3 && status != http.StatusNotModified
}

// locate says where ref, found in the answer to a request that was sent to
// sent, points, and if that is inside, what it is called here.
func (p *Proxy) locate(sent *url.URL, ref string) (target string, at place) {
	u, err := url.Parse(ref)
	if err != nil {
		return "", nowhere
	}
	// Browsers read \ as / and look for a host however many slashes there are.
	hierarchy, _, _ := strings.Cut(ref, "?")
	hierarchy, _, _ = strings.Cut(hierarchy, "#")
	if strings.ContainsAny(hierarchy, "\\ \t") || ref == "" {
		return "", nowhere
	}
	isHTTP := u.Scheme == "" || u.Scheme == "http" || u.Scheme == "https"
	switch {
	case u.Opaque != "" && !isHTTP:
		return "", elsewhere
	case u.Scheme != "" && u.Host == "":
		return "", nowhere
	}
	if u.RawPath != "" {
		u.RawPath = rawPath(u)
	}
	u = sent.ResolveReference(u)
	switch {
	case isHTTP && (p.isBackend(u) || p.isPublic(u)):
		if target, ok := p.local(u); ok {
			return target, inside
		}
		if p.isPublic(u) {
			return "", elsewhere
		}
		return "", hidden
	case strings.EqualFold(host(u), host(p.cfg.Backend)):
		return "", hidden // another port or scheme of it
	}
	return "", elsewhere
}

// isBackend says whether u has the backend's host and port. The scheme may
// differ: an API that goes by X-Forwarded-Proto puts that before its own host.
func (p *Proxy) isBackend(u *url.URL) bool {
	b := p.cfg.Backend
	return strings.EqualFold(host(u), host(b)) && (u.Port() == b.Port() || port(u) == port(b))
}

func (p *Proxy) isPublic(u *url.URL) bool {
	b := p.cfg.Public
	return u.Scheme == b.Scheme && strings.EqualFold(host(u), host(b)) && port(u) == port(b)
}

// host is the host's name without the dot that may end it.
func host(u *url.URL) string { return strings.TrimSuffix(u.Hostname(), ".") }

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "https":
		return "443"
	default:
		return "80"
	}
}

// local is what u, an address of the API, is called here.
func (p *Proxy) local(u *url.URL) (string, bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), p.rawRoot)
	if !ok {
		return "", false
	}
	path := &url.URL{Path: prefix + strings.TrimPrefix(u.Path, p.root), RawPath: prefix + rest}
	if web.CheckPath(&http.Request{URL: path}) != nil {
		return "", false
	}
	target := prefix + rest
	if u.RawQuery != "" || u.ForceQuery {
		target += "?" + u.RawQuery
	}
	if u.Fragment != "" {
		target += "#" + u.EscapedFragment()
	}
	return target, true
}
