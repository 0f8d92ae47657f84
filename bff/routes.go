package bff

import (
	"net/http"

	"github.com/gorilla/mux"

	"vestibule/internal/web"
)

// routes is the whole surface. Unsafe methods have passed the origin guard
// before they come here; what needs a session asks for it itself.
func (s *Server) routes() http.Handler {
	router := web.NewRouter(writeError)
	auth := func(method, short, betterAuth string, h web.HandlerFunc) {
		s.handle(router, method, "/api/auth"+short, h)
		s.handle(router, method, "/api/auth"+betterAuth, h)
	}
	auth(http.MethodPost, "/signup", "/sign-up/email", s.signUp)
	auth(http.MethodPost, "/login", "/sign-in/email", s.signIn)
	auth(http.MethodPost, "/logout", "/sign-out", s.signOut)
	auth(http.MethodGet, "/session", "/get-session", s.getSession)

	s.handle(router, http.MethodGet, "/api/auth/jwks", s.jwks)
	s.handle(router, http.MethodGet, "/.well-known/jwks.json", s.jwks)

	// Every method: the proxy refuses those that it does not pass.
	router.PathPrefix("/api/proxy/").Handler(web.Handle(s.proxy.Serve, writeError))

	s.handle(router, http.MethodGet, "/", s.page.serve)
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
