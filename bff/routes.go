package bff

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"vestibule/bff/frontend"
	"vestibule/bff/oauth"
	"vestibule/bff/proxy"
	"vestibule/bff/route"
	"vestibule/internal/endpoint"
	"vestibule/internal/jose"
	"vestibule/internal/web"
)

// endpoints is the table of all endpoints. The router, openapi.json and the rows of
// docs/api.md are made from it: run go generate ./bff after a change. The origin guard has
// already checked requests with unsafe methods. Each handler checks the session itself.
func (s *Server) endpoints() []endpoint.Endpoint {
	body, anyBody := s.readBody, s.optionalBody
	asService, services := oauth.Guard(invalidOrigin), oauth.Describe(maxBody, errTooMany)
	list := s.accounts([]endpoint.Endpoint{
		{Method: "POST", Path: "/sign-up/email", ID: "signUpEmail", Short: "/signup", ShortID: "signup", Guard: withoutSession, Handler: s.signUp, Doc: &signUpDoc},
		{Method: "POST", Path: "/sign-in/email", ID: "signInEmail", Short: "/login", ShortID: "login", Guard: asVisitor, Handler: s.signIn, Doc: &signInDoc},
		{Method: "POST", Path: "/sign-out", ID: "signOut", Short: "/logout", ShortID: "logout", Guard: asVisitor, Handler: s.signOut, Doc: &signOutDoc},
		{Method: "GET", Path: "/session", ID: "session", Guard: asVisitor, Handler: s.session, Doc: &sessionDoc},
		{Method: "GET", Path: "/get-session", ID: "getSession", Guard: asVisitor, Handler: s.getSession, Doc: &getSessionDoc},
		{Method: "GET", Path: "/list-sessions", ID: "listSessions", Guard: asUser, Handler: s.signedIn(noBody, s.listSessions), Doc: &listSessionsDoc},
		{Method: "POST", Path: "/revoke-session", ID: "revokeSession", Guard: asUser, Handler: s.signedIn(body, s.revokeSession), Doc: &revokeSessionDoc},
		{Method: "POST", Path: "/revoke-sessions", ID: "revokeSessions", Guard: asFreshUser, Handler: s.signedIn(anyBody, s.fresh(s.revokeSessions)), Doc: &revokeSessionsDoc},
		{Method: "POST", Path: "/revoke-other-sessions", ID: "revokeOtherSessions", Guard: asFreshUser, Handler: s.signedIn(anyBody, s.fresh(s.revokeOtherSessions)), Doc: &revokeOthersDoc},
		{Method: "POST", Path: "/update-user", ID: "updateUser", Guard: asUser, Handler: s.signedIn(body, s.updateUser), Doc: &updateUserDoc},
		{Method: "POST", Path: "/change-password", ID: "changePassword", Guard: asUser, Handler: s.signedIn(body, s.changePassword), Doc: &changePasswordDoc},
		{Method: "POST", Path: "/verify-password", ID: "verifyPassword", Guard: asUser, Handler: s.signedIn(body, s.verifyPassword), Doc: &verifyPasswordDoc},
		{Method: "POST", Path: "/change-email", ID: "changeEmail", Guard: asFreshUser, Handler: s.signedIn(body, s.fresh(s.changeEmail)), Doc: &changeEmailDoc},
		{Method: "POST", Path: "/delete-user", ID: "deleteUser", Guard: asUser, Handler: s.signedIn(body, s.deleteUser), Doc: &deleteUserDoc},
		{Method: "GET", Path: "/list-accounts", ID: "listAccounts", Guard: asUser, Handler: s.signedIn(noBody, s.listAccounts), Doc: &listAccountsDoc},
		{Method: "POST", Path: "/request-password-reset", ID: "requestPasswordReset", Guard: withoutSession, Handler: s.requestPasswordReset, Doc: &requestResetDoc},
		{Method: "GET", Path: "/reset-password/{token}", ID: "followResetLink", Guard: withoutSession, Handler: s.followReset, Doc: &followResetDoc},
		{Method: "POST", Path: "/reset-password", ID: "resetPassword", Guard: asVisitor, Handler: s.resetPassword, Doc: &resetPasswordDoc},
		{Method: "POST", Path: "/send-verification-email", ID: "sendVerificationEmail", Guard: asVisitor, Handler: s.sendVerificationEmail, Doc: &sendVerificationDoc},
		// No HEAD: it would make the link take effect.
		{Method: "GET", Path: "/verify-email", ID: "verifyEmail", Guard: withoutSession, Handler: s.verifyEmail, Doc: &verifyEmailDoc, NoHead: true},
		{Method: "POST", Path: "/verify-email", ID: "proveEmail", Guard: asVisitor, Handler: s.proveEmail, Doc: &proveEmailDoc},
		{Method: "GET", Path: "/undo-email", ID: "askUndoEmail", Guard: withoutSession, Handler: s.askUndo, Doc: &askUndoDoc},
		{Method: "POST", Path: "/undo-email", ID: "undoEmail", Guard: withoutSession, Handler: s.undoEmail, Doc: &undoEmailDoc},
		{Method: "GET", Path: "/token", ID: "getToken", Guard: asUser, Handler: s.ifExposed(s.signedIn(noBody, s.token)), Doc: &tokenDoc},
		{Method: "POST", Path: "/oauth2/token", ID: "issueToken", Guard: asService, Handler: s.oauth.Token, Write: oauth.WriteError, Doc: services.Token},
		{Method: "POST", Path: "/oauth2/introspect", ID: "introspectToken", Guard: asService, Handler: s.oauth.Introspect, Write: oauth.WriteError, Doc: services.Introspect},
		{Method: "POST", Path: "/oauth2/revoke", ID: "revokeToken", Guard: asService, Handler: s.oauth.Revoke, Write: oauth.WriteError, Doc: services.Revoke},
		{Method: "GET", Path: "/oauth2/userinfo", ID: "userInfo", Guard: oauth.BearerGuard(), Handler: s.oauth.UserInfo, Write: oauth.WriteError, Doc: oauth.UserInfoDoc(errTooMany)},
		// Endpoints without a guard need no place: they are cheap, and services fetch the keys.
		{Method: "GET", Path: "/jwks", ID: "jwks", Short: "/.well-known/jwks.json", ShortID: "getKeys", Handler: s.jwks, Doc: &jwksDoc},
		{Method: "GET", Path: "/link/{file}", ID: "getLinkFile", Handler: s.linkFile, Doc: &linkFileDoc},
		{Method: "GET", Path: "/ok", ID: "ok", Handler: s.ok, Doc: &okDoc},
		{Method: "GET", Path: "/error", ID: "showError", Handler: s.showError, Doc: &errorDoc},
	})
	list = append(list, oauth.Metadata(s.origin(), s.cfg.JWTAlgorithm != jose.HS256, list))
	list = append(list, s.docs.Endpoints("/api/openapi.json", "/api/docs", notModified, knownVersion, notFound)...)
	list = append(list, proxy.Endpoints(throughProxy, clearCookie, signedAgain, []*web.Error{errNoSession, errSessionExpired}, errStreams)...)
	return append(list, s.changePasswordPage(), frontend.Endpoint())
}

// accounts puts endpoints below /api/auth. Those with a guard wait for a place.
func (s *Server) accounts(list []endpoint.Endpoint) []endpoint.Endpoint {
	const base = "/api/auth"
	for i := range list {
		e := &list[i]
		e.Path = base + e.Path
		if e.Short != "" && !strings.HasPrefix(e.Short, "/.well-known/") {
			e.Short = base + e.Short
		}
		kind := kindOf(e.Method)
		if e.Write != nil {
			kind = kindToken
		}
		if e.Guard != nil && e.Handler != nil {
			e.Handler = s.withPlace(kind, e.Handler)
		}
	}
	return list
}

// ifExposed routes h only with EXPOSE_TOKEN.
func (s *Server) ifExposed(h web.HandlerFunc) web.HandlerFunc {
	if !s.cfg.ExposeToken {
		return nil
	}
	return h
}

// choose serves all paths. Those of the proxy are found before the router, which would compare
// them with every endpoint. The outcome is the same: no endpoint is below a route of the proxy.
func (s *Server) choose(now *routes) http.Handler {
	others := s.router(now.table)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at := now.table.Find(r.URL.EscapedPath()); at != nil {
			now.proxies[at].serve.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}

// namingRoute names the route of a request in the log. It is outside the layers that refuse
// requests before they reach their route.
func namingRoute(table route.Table, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at := table.Find(r.URL.EscapedPath()); at != nil {
			web.NoteRoute(r, at.Path)
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) router(table route.Table) *mux.Router {
	router := web.NewRouter(writeError)
	router.NotFoundHandler = web.Handle(noEndpoint(table), writeError)
	endpoint.Mount(router, writeError, s.endpoints())
	// The app comes last. It serves every other path, and decides which ones are pages.
	router.MatcherFunc(outsideAPI).Handler(web.Handle(s.app.Serve, writeError))
	return router
}

// noEndpoint refuses a path that nothing has. The log says if it looks like one of a route.
func noEndpoint(table route.Table) web.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) error {
		if like := table.Lookalike(r.URL.EscapedPath()); like != nil {
			web.NoteRefusal(r, likePathOf(like))
		}
		return web.ErrNotFound
	}
}

// likePathOf names the rule that a path which looks like one of a route reaches none.
func likePathOf(like *route.Route) string {
	return like.Rule("path") + ", as lenient servers read it"
}

// outsideAPI does not match paths under /api/. For them the router answers 404 or 405.
func outsideAPI(r *http.Request, _ *mux.RouteMatch) bool {
	path := r.URL.Path
	return path != "/api" && !strings.HasPrefix(path, "/api/")
}
