package bff

import (
	"net/http"
	"net/url"
	"strings"

	"vestibule/internal/web"
)

// Where a browser may be sent after a mail's link or a sign-in. The rules:
//
//   - A path of our own: one slash at its start, no second one, no backslash (which
//     browsers take for a slash), no control character. Escaped slashes and
//     backslashes are refused too.
//   - Or a URL of one of the origins that may call with the cookie. The comparison
//     is exact.
//   - On our own origin, only a page and nothing below /api/. There the browser would
//     follow another mail's link, or call the API, with the user's cookie and without
//     the user's knowledge. A server in front of us could read an unusual path as
//     /api/, so all dot segments are refused.
//   - Anything else is refused before the request has any effect. Phishing uses open
//     redirects. A link in our mail that leads elsewhere with a token in its query is
//     even worse.

// maxTarget is the longest target, in bytes. A longer one does not fit a link in a mail.
const maxTarget = 2000

// targets are the fields that hold a target, with Better Auth's code for an invalid one.
var targets = []struct{ field, code, message string }{
	{"callbackURL", "INVALID_CALLBACK_URL", "Invalid callbackURL"},
	{"redirectTo", "INVALID_REDIRECT_URL", "Invalid redirectURL"},
	{"errorCallbackURL", "INVALID_ERROR_CALLBACK_URL", "Invalid errorCallbackURL"},
	{"newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL", "Invalid newUserCallbackURL"},
}

// allowTarget says whether a browser may be sent to target; own is our origin.
func (o origins) allowTarget(own, target string) bool {
	if target == "" || len(target) > maxTarget {
		return false
	}
	for _, c := range []byte(target) {
		if c <= ' ' || c == '\\' {
			return false
		}
	}
	u, err := url.Parse(target)
	if err != nil || u.User != nil {
		return false
	}
	path := strings.ToLower(u.EscapedPath())
	if strings.HasPrefix(path, "//") || strings.Contains(path, "%2f") || strings.Contains(path, "%5c") {
		return false
	}
	if u.Scheme == "" && u.Host == "" {
		return strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") && isPage(path)
	}
	origin := u.Scheme + "://" + u.Host // https:example.com has no host here, and no origin is without one
	return o[origin] && (origin != own || isPage(path))
}

// isPage says whether an escaped path on our origin is outside /api/, even if servers in
// front of us decode it several times.
func isPage(path string) bool {
	for range web.MaxEscapes {
		if belowAPI(path) {
			return false
		}
		plain := web.Unescape(path)
		if plain == path {
			return true
		}
		path = plain
	}
	return false
}

// belowAPI says whether a path is /api or below it, or has a dot segment, which could
// lead there. Some servers merge slashes, remove a segment's parameters (;x=1), or ignore
// case and dots and spaces at the end.
func belowAPI(path string) bool {
	first := true
	for segment := range strings.SplitSeq(path, "/") {
		name, _, _ := strings.Cut(segment, ";")
		if name == "." || name == ".." {
			return true
		}
		if name = strings.TrimRight(name, ". "); name == "" {
			continue
		}
		if first && strings.EqualFold(name, "api") {
			return true
		}
		first = false
	}
	return false
}

// optionalTarget returns a field that readBody has checked, or "".
func optionalTarget(body *web.Object, field string) string {
	if !body.Has(field) || body.IsNull(field) {
		return ""
	}
	target, _ := body.String(field)
	return target
}

// errLinkTarget refuses a link with an invalid target.
var errLinkTarget = web.Refuse(http.StatusForbidden, "INVALID_CALLBACK_URL", "Invalid callbackURL")

// queryTarget returns the callbackURL of a link, or "" when it has none.
func (s *Server) queryTarget(r *http.Request) (string, error) {
	target := web.QueryValue(r, "callbackURL")
	if target != "" && !s.origins.allowTarget(s.origin(), target) {
		return "", errLinkTarget
	}
	return target, nil
}

// absolute turns a checked target into an absolute URL.
func (s *Server) absolute(target string) string {
	if strings.HasPrefix(target, "/") {
		return s.origin() + target
	}
	return target
}

// withQuery adds a parameter to a checked target.
func withQuery(target, name, value string) string {
	u, err := url.Parse(target)
	if err != nil {
		return target // never: it was parsed when it was checked
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// redirect sends the browser to target. It does not use http.Redirect, which writes an
// HTML body. The URL of the request may hold a token, so no Referer may reveal it.
func redirect(w http.ResponseWriter, target string) {
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusFound)
}
