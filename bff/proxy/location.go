package proxy

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vestibule/bff/route"
	"vestibule/internal/values"
	"vestibule/internal/web"
)

// The rules for addresses in answers:
//
//   - An address under the API's /api/ becomes a path under our /api/proxy/. The API
//     may write it with its origin, as a path, or relative to the request. Two origins
//     count as the API's: the one that it was called under, and the public one that
//     X-Forwarded-Host and -Proto gave it.
//   - The browser must not see other addresses on the API's host.
//   - A redirect to anything but an address under /api/ is a 502. The browser, or the
//     script that asked for data, would follow it without the user's knowledge.
//   - A path that the proxy would refuse as a request is refused here too, so that
//     nobody can leave /api/proxy/ by dot segments or backslashes.
//   - Other addresses pass unchanged if they are not redirects. A redirect to one of the hosts in
//     Config.Redirects passes too.

// addressKind says where an address points.
type addressKind int

const (
	unreadable addressKind = iota // invalid, or parsers disagree about it
	hidden                        // on the API's host, but not under its /api/
	external                      // on another host, or without a host (urn:, mailto:)
	proxied                       // under the API's /api/
)

// rewriteTargets rewrites or drops the addresses in an answer's header. It fails if a
// redirect does not stay under /api/.
func (p *Proxy) rewriteTargets(res *http.Response) error {
	for _, name := range []string{"Location", "Content-Location"} {
		values, ok := res.Header[name]
		if !ok {
			continue
		}
		redirect := name == "Location" && isRedirect(res.StatusCode)
		target, kind := "", unreadable
		if len(values) == 1 {
			target, kind = p.locate(res.Request.URL, values[0])
		}
		switch {
		case kind == proxied:
			res.Header[name] = []string{target}
		case redirect && kind != unreadable && p.mayLeadTo(values[0]):
		case redirect:
			web.NoteRefusal(exchangeOf(res.Request.Context()).in, p.cfg.Rule("redirects"))
			return errBadGateway.Because(fmt.Errorf("the API answered %d with Location %q, which is not under %s%s. A route can allow hosts in redirects, over https",
				res.StatusCode, values, p.upstream.Host, p.rawRoot))
		case kind != external:
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

// mayLeadTo reports whether a redirect to an address on another host is allowed. A signed link to
// a file store is an example.
func (p *Proxy) mayLeadTo(ref string) bool {
	if len(p.cfg.Redirects) == 0 {
		return false
	}
	u, err := url.Parse(ref)
	if err != nil || u.User != nil {
		return false
	}
	if secure := u.Scheme == "https" || u.Scheme == "http" && web.Loopback(u.Hostname()); !secure {
		return false
	}
	return slices.Contains(p.cfg.Redirects, route.RedirectHost(u))
}

func isRedirect(status int) bool {
	return status/100 == 3 && status != http.StatusNotModified
}

// locate returns the kind of the address ref, which was found in the answer to a request
// for the URL sent. If the kind is proxied, target is its path on our side.
func (p *Proxy) locate(sent *url.URL, ref string) (target string, kind addressKind) {
	u, err := url.Parse(ref)
	if err != nil {
		return "", unreadable
	}
	// Browsers read \ as / and expect a host after any number of slashes.
	hierarchy, _, _ := strings.Cut(ref, "?")
	hierarchy, _, _ = strings.Cut(hierarchy, "#")
	if strings.ContainsAny(hierarchy, "\\ \t") || ref == "" {
		return "", unreadable
	}
	isHTTP := u.Scheme == "" || u.Scheme == "http" || u.Scheme == "https"
	switch {
	case u.Opaque != "" && !isHTTP:
		return "", external
	case u.Scheme != "" && u.Host == "":
		return "", unreadable
	}
	if u.RawPath != "" {
		u.RawPath = rawPath(u)
	}
	u = sent.ResolveReference(u)
	switch {
	case isHTTP && (p.isBackend(u) || p.isPublic(u)):
		if target, ok := p.local(u); ok {
			return target, proxied
		}
		if p.isPublic(u) {
			return "", external
		}
		return "", hidden
	case strings.EqualFold(host(u), host(p.upstream)):
		return "", hidden // on another port or with another scheme
	}
	return "", external
}

// isBackend reports whether u has the backend's host and port. The scheme may differ: an
// API that reads X-Forwarded-Proto may write that scheme with its own host.
func (p *Proxy) isBackend(u *url.URL) bool {
	b := p.upstream
	return strings.EqualFold(host(u), host(b)) && (u.Port() == b.Port() || values.Port(u) == values.Port(b))
}

func (p *Proxy) isPublic(u *url.URL) bool {
	b := p.cfg.Public
	return u.Scheme == b.Scheme && strings.EqualFold(host(u), host(b)) && values.Port(u) == values.Port(b)
}

// host returns the host name of u without a trailing dot.
func host(u *url.URL) string { return strings.TrimSuffix(u.Hostname(), ".") }

// leadsBack reports whether a request for target, a path on our side, goes to the address u. With
// a longer route below this one it may go to another API. A hostile API could make the browser send
// requests of its choice there, with the user's session.
func (p *Proxy) leadsBack(u *url.URL, target string) bool {
	if len(p.cfg.Table) == 0 {
		return true
	}
	at := p.cfg.Table.Find(target)
	if at == nil {
		return false
	}
	if at.Path == p.cfg.Path {
		return true
	}
	base := at.Base(p.cfg.Backend)
	return base.Scheme == p.upstream.Scheme && strings.EqualFold(base.Host, p.upstream.Host) &&
		rawPath(base)+strings.TrimPrefix(target, at.Path) == u.EscapedPath()
}

// local returns the path on our side for u, an address on the API's host. ok is false
// if there is none.
func (p *Proxy) local(u *url.URL) (target string, ok bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), p.rawRoot)
	if !ok {
		return "", false
	}
	path := &url.URL{Path: p.cfg.Path + strings.TrimPrefix(u.Path, p.root), RawPath: p.cfg.Path + rest}
	if web.CheckPath(&http.Request{URL: path}) != nil {
		return "", false
	}
	target = p.cfg.Path + rest
	if !p.leadsBack(u, target) {
		return "", false
	}
	if u.RawQuery != "" || u.ForceQuery {
		target += "?" + u.RawQuery
	}
	if u.Fragment != "" {
		target += "#" + u.EscapedFragment()
	}
	return target, true
}
