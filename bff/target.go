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
//     browsers take for a slash), no control character, and neither of them
//     escaped.
//   - Or a URL of one of the origins that may call with the cookie, compared
//     exactly.
//   - Anything else is refused before the request does anything: an open redirect
//     under our name is what phishing wants, and a link in our mail that leads
//     elsewhere with a token in its query is worse.

// maxTarget bounds a target, in bytes; a longer one would not fit a mail's link.
const maxTarget = 2000

// targets are the fields that name one, with Better Auth's code for a bad one.
var targets = []struct{ field, code, message string }{
	{"callbackURL", "INVALID_CALLBACK_URL", "Invalid callbackURL"},
	{"redirectTo", "INVALID_REDIRECT_URL", "Invalid redirectURL"},
	{"errorCallbackURL", "INVALID_ERROR_CALLBACK_URL", "Invalid errorCallbackURL"},
	{"newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL", "Invalid newUserCallbackURL"},
}

// allowTarget says whether a browser may be sent to target.
func (o origins) allowTarget(target string) bool {
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
		return strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//")
	}
	return o[u.Scheme+"://"+u.Host] // https:example.com has no host here, and no origin is without one
}

// readBody reads a JSON object and refuses targets in it that are not ours.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) (*web.Object, error) {
	body, err := web.ReadObject(w, r)
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		if !body.Has(t.field) || body.IsNull(t.field) {
			continue
		}
		target, ok := body.String(t.field)
		if ok && !s.origins.allowTarget(target) {
			return nil, web.Refuse(http.StatusForbidden, t.code, t.message+
				": use a path like /welcome, or a URL of this site or of one in TRUSTED_ORIGINS.")
		}
	}
	return body, nil
}

// optionalTarget returns a field that readBody has checked, or "".
func optionalTarget(body *web.Object, field string) string {
	if !body.Has(field) || body.IsNull(field) {
		return ""
	}
	target, _ := body.String(field)
	return target
}

// queryTarget returns the callbackURL of a link, or "" when it has none.
func (s *Server) queryTarget(r *http.Request) (string, error) {
	target := r.URL.Query().Get("callbackURL")
	if target != "" && !s.origins.allowTarget(target) {
		return "", web.Refuse(http.StatusForbidden, "INVALID_CALLBACK_URL", "Invalid callbackURL")
	}
	return target, nil
}

// absolute makes a checked target one that does not depend on where the browser is.
func (s *Server) absolute(target string) string {
	if strings.HasPrefix(target, "/") {
		return s.cfg.BaseURL.Scheme + "://" + s.cfg.BaseURL.Host + target
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
