package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gorilla/mux"

	"vestibule/api/bearer"
	"vestibule/internal/jose"
	"vestibule/internal/web"
	"vestibule/store/db"
)

// The guard checks every request under /api/, for all methods and also for unknown routes:
//
//   1. It has exactly one Authorization header with one valid token, else 401.
//   2. The token's scope allows this method, else 403.
//   3. The user in the path is "me" or the token's sub, byte for byte, else 403. A service
//      may name any user. Neither check looks anything up, so the answer cannot depend on
//      what exists.
//   4. The caller does not have too many requests under way, else 429.
//   5. Only then must the path be well formed (400) and exist (404, 405).
//   6. The token is checked again when the body has been read: see bearer.Verifier.Admit.

// me in a path means the token's own subject.
const me = "me"

// guard wraps the router, because middleware of a mux.Router does not run for its 404s and
// 405s.
func (s *Server) guard(next http.Handler) http.Handler {
	return web.Handle(func(w http.ResponseWriter, r *http.Request) error {
		path := r.URL.EscapedPath() // what the router matches
		if rest, ok := strings.CutPrefix(path, "/api/"); ok {
			admitted, caller, err := s.tokens.Admit(r, neededBy(r.Method))
			if err != nil {
				return err
			}
			r = admitted
			if err := ownPath(rest, caller); err != nil {
				return err
			}
			leave, err := s.begins(r, caller)
			if err != nil {
				return err
			}
			defer leave()
		}
		if err := web.CheckPath(r); err != nil {
			return err
		}
		next.ServeHTTP(w, withoutTrailingSlash(r))
		return nil
	}, writeProblem)
}

var (
	errNotOwner = web.Refuse(http.StatusForbidden, "FORBIDDEN", "Access denied: user_id mismatch")
	errNoUser   = web.Refuse(http.StatusNotFound, "NOT_FOUND", "User not found")
)

// ownPath checks that the first segment after /api/ is the subject.
func ownPath(rest string, caller bearer.Caller) error {
	segment, _, _ := strings.Cut(rest, "/")
	user, err := url.PathUnescape(segment)
	switch {
	case caller.Service: // any user; the form of the path is checked next
	case err != nil:
		return errNotOwner.Because(err)
	case user == "": // no user in the path; the path check or the router refuses
	case user != me && user != caller.Subject:
		return errNotOwner
	}
	return nil
}

// withoutTrailingSlash returns r without a trailing slash, for the router. A redirect would
// turn a POST into a GET.
func withoutTrailingSlash(r *http.Request) *http.Request {
	if r.URL.Path == "/" || !strings.HasSuffix(r.URL.Path, "/") {
		return r
	}
	u := *r.URL
	u.Path = strings.TrimSuffix(u.Path, "/")
	u.RawPath = strings.TrimSuffix(u.RawPath, "/")
	trimmed := r.WithContext(r.Context())
	trimmed.URL = &u
	return trimmed
}

// ownerFunc handles a request about one user.
type ownerFunc func(w http.ResponseWriter, r *http.Request, user string) error

// owner calls h with the user of the route, for callers whose scope includes need. The
// guard knows only the method, and a route may need more. A route outside the guard's paths
// has no caller and is refused.
func owner(need string, h ownerFunc) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		caller := bearer.CallerOf(r)
		switch {
		case caller.Subject == "":
			return bearer.ErrNotAuthenticated
		case !caller.May(need):
			return bearer.ErrScope
		}
		user, err := userOf(r, caller)
		if err == nil {
			_, err = parseQuery(r) // an unreadable query is refused on every route
		}
		if err != nil {
			return err
		}
		err = h(w, r, user)
		if caller.Service && errors.Is(err, db.ErrNoUser) {
			return errNoUser.Because(err) // the token is valid, the path is not
		}
		return err
	}
}

// userOf returns the user in the path. Only a service may name any user, so only then can
// the text be an impossible id.
func userOf(r *http.Request, c bearer.Caller) (string, error) {
	if !c.Service {
		return c.Subject, nil // the guard has checked this
	}
	user, err := url.PathUnescape(mux.Vars(r)["user_id"])
	switch {
	case err != nil || !utf8.ValidString(user) || !jose.UsableID(user):
		return "", errNoUser.Because(err)
	case user == me:
		return c.Subject, nil
	}
	return user, nil
}
