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

// What the guard keeps to, for every request under /api/, whatever its method
// and whether or not there is such a route:
//
//  1. exactly one Authorization header with one valid token, else 401;
//  2. the token's scope opens requests of this method, else 403;
//  3. the user of the path is the token's sub, byte for byte, or "me", else
//     403; a service may name any user. Neither of the two looks anything up,
//     so the answer cannot depend on what exists there;
//  4. its caller has no more than so many requests under way, else 429;
//  5. only then does the path have to be well formed (400) and exist (404, 405);
//  6. the token is judged once more when the body has been read: see bearer.Verifier.Admit.

// me in a path stands for the token's own subject.
const me = "me"

// guard wraps the router: middleware that is added to a mux.Router does not
// run for its 404s and 405s.
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

// ownPath holds the first segment of what follows /api/ to the subject.
func ownPath(rest string, caller bearer.Caller) error {
	segment, _, _ := strings.Cut(rest, "/")
	user, err := url.PathUnescape(segment)
	switch {
	case caller.Service: // any user; a path that is not well formed comes next
	case err != nil:
		return errNotOwner.Because(err)
	case user == "": // no user is named; the path check or the router refuses
	case user != me && user != caller.Subject:
		return errNotOwner
	}
	return nil
}

// withoutTrailingSlash returns r as the router shall see it. A redirect would
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

// ownerFunc is a handler of one user's things.
type ownerFunc func(w http.ResponseWriter, r *http.Request, user string) error

// owner gives h the user whose things the route is about, for callers whose
// scope has need: the guard knows the method alone, and a route may ask for
// more. A route outside the guard's paths has no caller, and is refused rather
// than run for nobody.
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
			_, err = parseQuery(r) // one that cannot be read, wherever it means something
		}
		if err != nil {
			return err
		}
		err = h(w, r, user)
		if caller.Service && errors.Is(err, db.ErrNoUser) {
			return errNoUser.Because(err) // the token is good, the path is not
		}
		return err
	}
}

// userOf returns the user whom the path names. Only for a service, which may
// name anybody, can that be a text that no id is.
func userOf(r *http.Request, c bearer.Caller) (string, error) {
	if !c.Service {
		return c.Subject, nil // as the guard has seen to
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
