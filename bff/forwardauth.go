package bff

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"vestibule/bff/proxy"
	"vestibule/bff/route"
	"vestibule/internal/web"
)

// Forward auth is for teams that keep nginx, Caddy or Traefik in front of their own
// applications. That proxy asks GET /verify about each request, and passes the request on if
// the answer is 204. The answer has the token and the user for the application. The rules:
//
//   - What is judged is the browser's request, and not the one that asks (forwarded.go): the
//     origin of unsafe methods and of WebSockets, the method, the path, the query and the
//     session, by the same code as for a proxied request.
//   - If a route of ours takes the path, its rules hold, and the token is the one of that route.
//     All other paths get the token of the default API. A path that a lenient server could read
//     as one of a route is refused: otherwise %61 for an a would get past the rules. The
//     application gets the whole path as it was written, and may decode it more than once.
//   - 204 always names a user. Some versions of Caddy pass on what the client has said about
//     itself if the answer has no such header. So a route with an optional session needs one
//     here, and a route without a session is refused.
//   - The answer has the token, so it is for the proxy alone. It is on a listener of its own,
//     which serves nothing else, and nobody finds it at the BFF's address.
//   - nginx understands 2xx, 401 and 403, and makes a 500 of everything else. So what our own
//     proxy refuses with a 400 or 405 is a 403 here. 429 and 503 stay: nginx's 500 is no lie
//     then, and Caddy and Traefik pass them on.
//   - The answer sets no cookie while a session lives, not even to sign it again: nginx would
//     drop it.

// verifyPath is the only path of the listener.
const verifyPath = "/verify"

// ForwardAuth returns the handler of the listener for forward auth.
func (s *Server) ForwardAuth() http.Handler {
	router := web.NewRouter(writeError)
	verify := s.origins.guard(web.Handle(s.withPlace(kindRead, s.verifyForwarded), writeError), refusedOrigin(s.cfg.BaseURL))
	router.Path(verifyPath).Methods(http.MethodGet).Handler(asForwarded(verify))
	bounded := s.clients.Bound(s.cfg.MaxConnections, s.cfg.MaxConnectionsPerAddress)(web.Asked(router))
	return s.wrap("forward-auth", web.Handle(bounded, writeError))
}

// asForwarded calls next with the browser's request.
func asForwarded(next http.Handler) http.Handler {
	return web.Handle(func(w http.ResponseWriter, r *http.Request) error {
		asked, err := forwardedRequest(r)
		if err != nil {
			return err
		}
		web.Note(r, slog.String("for_method", asked.Method), slog.String("for_path", web.LogPath(asked.URL)))
		next.ServeHTTP(w, asked)
		return nil
	}, writeError)
}

// verifyForwarded answers whether the browser's request r may pass. Its origin was checked before.
func (s *Server) verifyForwarded(w http.ResponseWriter, r *http.Request) error {
	now := s.routing.now()
	kind, err := s.kindOfForwarded(now, r)
	if err != nil {
		return asForbidden(err)
	}
	live, err := s.caller(r, route.Required)
	if err != nil {
		if at := now.table.Find(r.URL.EscapedPath()); at != nil {
			noteNoSession(r, at, err)
		}
		return err
	}
	t, err := s.sessions.Token(live, kind)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Authorization", "Bearer "+t.Raw)
	h.Set("X-User-Id", live.UserID)
	h.Set("X-User-Email", live.User.Email)
	h.Set("X-User-Email-Verified", strconv.FormatBool(live.User.EmailVerified))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// kindOfForwarded returns the kind of the token for the browser's request r, or the refusal by the
// rules that do not depend on the session.
func (s *Server) kindOfForwarded(now *routes, r *http.Request) (kind int, err error) {
	if err := web.CheckDeepPath(r); err != nil {
		web.NoteRefusal(r, proxy.EveryPath)
		return 0, err
	}
	at := now.table.Find(r.URL.EscapedPath())
	if at == nil {
		return kindOfDefaultAPI, s.checkOutsideRoutes(now.table, r)
	}
	if _, err := proxy.Admit(r, at); err != nil {
		return 0, err
	}
	if asksForWebSocket(r.Header) {
		if err := proxy.AdmitWebSocket(r, at, s.origins.allowUpgrade); err != nil {
			return 0, err
		}
	}
	if at.Session == route.None {
		web.NoteRefusal(r, at.Rule("session"))
		return 0, errNoTokenForPath
	}
	return now.proxies[at].kind, nil
}

// checkOutsideRoutes returns the refusal of a request whose path no route takes, or nil.
func (s *Server) checkOutsideRoutes(table route.Table, r *http.Request) error {
	if err := proxy.CheckTarget(r); err != nil {
		return err
	}
	if like := table.Lookalike(r.URL.EscapedPath()); like != nil {
		web.NoteRefusal(r, likePathOf(like))
		return web.ErrNotFound
	}
	if asksForWebSocket(r.Header) && !s.origins.allowUpgrade(r) {
		return errOrigin("Invalid origin: this site may not open a WebSocket here.")
	}
	return nil
}

// errNoTokenForPath refuses a path of a route without a session.
var errNoTokenForPath = web.Refuse(http.StatusForbidden, "NO_TOKEN_FOR_PATH", "The route of this path has no session, so there is no token for it. Let the proxy that asks pass this path on without asking.")

// asForbidden makes a 403 of a refusal.
func asForbidden(err error) *web.Error {
	e := web.AsError(err)
	return web.Refuse(http.StatusForbidden, e.Code, e.Message)
}

// asksForWebSocket says whether a request may be the handshake of a WebSocket. Upgrade is not
// enough: it is about one connection, so nginx and Traefik do not copy it. A browser sends
// Sec-WebSocket headers with each handshake, and no page can change them.
func asksForWebSocket(h http.Header) bool {
	for _, value := range h["Upgrade"] {
		if strings.Contains(strings.ToLower(value), "websocket") {
			return true
		}
	}
	for name := range h {
		if strings.HasPrefix(name, "Sec-Websocket-") {
			return true
		}
	}
	return false
}
