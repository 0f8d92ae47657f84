package bff

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"vestibule/bff/oauth"
	"vestibule/internal/web"
)

// routes is the whole surface. Unsafe methods have passed the origin guard
// before they come here; what needs a session asks for it itself. openapi.json has
// the same routes.
func (s *Server) routes() *mux.Router {
	router := web.NewRouter(writeError)
	auth := func(method, short, betterAuth string, h web.HandlerFunc) {
		h = s.inTurn(kindOf(method), h)
		s.handle(router, method, "/api/auth"+short, h)
		s.handle(router, method, "/api/auth"+betterAuth, h)
	}
	auth(http.MethodPost, "/signup", "/sign-up/email", s.signUp)
	auth(http.MethodPost, "/login", "/sign-in/email", s.signIn)
	auth(http.MethodPost, "/logout", "/sign-out", s.signOut)
	auth(http.MethodGet, "/session", "/get-session", s.getSession)

	only := func(method, betterAuth string, h web.HandlerFunc) {
		s.handle(router, method, "/api/auth"+betterAuth, s.inTurn(kindOf(method), h))
	}
	// What is answered from memory waits for no turn: services ask for the keys.
	free := func(path string, h web.HandlerFunc) { s.handle(router, http.MethodGet, path, h) }
	only(http.MethodGet, "/list-sessions", s.signedIn(noBody, s.listSessions))
	only(http.MethodPost, "/revoke-session", s.signedIn(s.readBody, s.revokeSession))
	only(http.MethodPost, "/revoke-sessions", s.signedIn(s.optionalBody, s.fresh(s.revokeSessions)))
	only(http.MethodPost, "/revoke-other-sessions", s.signedIn(s.optionalBody, s.fresh(s.revokeOtherSessions)))

	only(http.MethodPost, "/update-user", s.signedIn(s.readBody, s.updateUser))
	only(http.MethodPost, "/change-password", s.signedIn(s.readBody, s.changePassword))
	only(http.MethodPost, "/verify-password", s.signedIn(s.readBody, s.verifyPassword))
	only(http.MethodPost, "/change-email", s.signedIn(s.readBody, s.fresh(s.changeEmail)))
	only(http.MethodPost, "/delete-user", s.signedIn(s.readBody, s.deleteUser))
	only(http.MethodGet, "/list-accounts", s.signedIn(noBody, s.listAccounts))

	only(http.MethodPost, "/request-password-reset", s.requestPasswordReset)
	only(http.MethodGet, "/reset-password/{token}", s.followReset)
	only(http.MethodPost, "/reset-password", s.resetPassword)
	only(http.MethodPost, "/send-verification-email", s.sendVerificationEmail)
	only(http.MethodPost, "/verify-email", s.proveEmail)
	only(http.MethodGet, "/undo-email", s.askUndo)
	only(http.MethodPost, "/undo-email", s.undoEmail)
	free("/api/auth/link/{file}", s.linkFile)
	// Not HEAD: it must not do what the link is for.
	router.Path("/api/auth/verify-email").Methods(http.MethodGet).Handler(web.Handle(s.inTurn(kindRead, s.verifyEmail), writeError))

	// For services: forms and errors as OAuth has them.
	router.Path("/api/auth/oauth2/token").Methods(http.MethodPost).Handler(web.Handle(s.inTurn(kindToken, s.oauth.Token), oauth.WriteError))

	if s.cfg.ExposeToken {
		only(http.MethodGet, "/token", s.signedIn(noBody, s.token))
	}
	free("/api/auth/ok", s.ok)
	free("/api/auth/error", s.showError)
	free("/api/auth/jwks", s.jwks)
	free("/.well-known/jwks.json", s.jwks)

	free("/api/openapi.json", s.docs.Document)
	free("/api/docs", s.docs.Page)
	free("/api/docs/{file}", s.docs.File)

	// Every method: the proxy refuses those that it does not pass.
	router.PathPrefix("/api/proxy/").Handler(web.Handle(s.proxied, writeError))

	// The app, last: every other path, of which it knows what is a page.
	router.MatcherFunc(outsideAPI).Handler(web.Handle(s.app.Serve, writeError))
	return router
}

func (s *Server) handle(router *mux.Router, method, path string, h web.HandlerFunc) {
	route := router.Path(path).Handler(web.Handle(h, writeError))
	if method == http.MethodGet {
		route.Methods(http.MethodGet, http.MethodHead)
		return
	}
	route.Methods(method)
}

// outsideAPI leaves what is under /api/ to the routes above, which say 404 and 405 of it.
func outsideAPI(r *http.Request, _ *mux.RouteMatch) bool {
	path := r.URL.Path
	return path != "/api" && !strings.HasPrefix(path, "/api/")
}
