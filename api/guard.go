package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gorilla/mux"

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
//  6. the token is judged once more when the body has been read: see judgedBody.

// me in a path stands for the token's own subject.
const me = "me"

type callerKey struct{}

// callerOf returns what the token of a guarded request says.
func callerOf(r *http.Request) claims {
	c, _ := r.Context().Value(callerKey{}).(claims)
	return c
}

// guard wraps the router: middleware that is added to a mux.Router does not
// run for its 404s and 405s.
func (s *Server) guard(next http.Handler) http.Handler {
	return web.Handle(func(w http.ResponseWriter, r *http.Request) error {
		path := r.URL.EscapedPath() // what the router matches
		if rest, ok := strings.CutPrefix(path, "/api/"); ok {
			caller, err := s.authenticate(r)
			if err != nil {
				return err
			}
			web.NoteUser(r, caller.subject)
			if caller.actor != "" {
				web.Note(r, slog.String("act", caller.actor))
			}
			if err := authorize(r.Method, rest, caller); err != nil {
				return err
			}
			leave, err := s.begins(r, caller)
			if err != nil {
				return err
			}
			defer leave()
			r = r.WithContext(context.WithValue(r.Context(), callerKey{}, caller))
			s.judgeBody(r)
		}
		if err := web.CheckPath(r); err != nil {
			return err
		}
		next.ServeHTTP(w, withoutTrailingSlash(r))
		return nil
	}, writeProblem)
}

// authenticate returns what the request's token says.
func (s *Server) authenticate(r *http.Request) (claims, error) {
	sent := r.Header["Authorization"]
	switch len(sent) {
	case 0:
		return claims{}, errNotAuthenticated
	case 1:
	default:
		// A proxy in front may have judged the other one.
		return claims{}, errTokenInvalid
	}
	token := bearer(sent[0])
	if token == "" {
		return claims{}, errNotAuthenticated
	}
	return s.tokens.verify(r.Context(), token)
}

// bearer returns the token of an Authorization value, or "" when it has none:
// another scheme is not an attempt to present one. Schemes have no case
// (RFC 9110 §11.1).
func bearer(value string) string {
	scheme, token, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(token, " ")
}

var (
	errNotOwner = web.Refuse(http.StatusForbidden, "FORBIDDEN", "Access denied: user_id mismatch")
	// RFC 6750 §3.1 names it in a challenge.
	errScope = web.Refuse(http.StatusForbidden, "INSUFFICIENT_SCOPE", "Insufficient scope").
			With("WWW-Authenticate", `Bearer error="insufficient_scope"`)
	errNoUser = web.Refuse(http.StatusNotFound, "NOT_FOUND", "User not found")
)

// authorize holds the method to the caller's scope, and the first segment of
// what follows /api/ to the subject.
func authorize(method, rest string, caller claims) error {
	segment, _, _ := strings.Cut(rest, "/")
	user, err := url.PathUnescape(segment)
	switch {
	case !caller.scope.has(neededBy(method)):
		return errScope
	case caller.service: // any user; a path that is not well formed comes next
	case err != nil:
		return errNotOwner.Because(err)
	case user == "": // no user is named; the path check or the router refuses
	case user != me && user != caller.subject:
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
func owner(need scope, h ownerFunc) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		caller := callerOf(r)
		switch {
		case caller.subject == "":
			return errNotAuthenticated
		case !caller.scope.has(need):
			return errScope
		}
		user, err := caller.owner(r)
		if err == nil {
			_, err = parseQuery(r) // one that cannot be read, wherever it means something
		}
		if err != nil {
			return err
		}
		err = h(w, r, user)
		if caller.service && errors.Is(err, db.ErrNoUser) {
			return errNoUser.Because(err) // the token is good, the path is not
		}
		return err
	}
}

// owner returns the user whom the path names. Only for a service, which may
// name anybody, can that be a text that no id is.
func (c claims) owner(r *http.Request) (string, error) {
	if !c.service {
		return c.subject, nil // as the guard has seen to
	}
	user, err := url.PathUnescape(mux.Vars(r)["user_id"])
	switch {
	case err != nil || !utf8.ValidString(user) || !jose.UsableID(user):
		return "", errNoUser.Because(err)
	case user == me:
		return c.subject, nil
	}
	return user, nil
}
