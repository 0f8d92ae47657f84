package bff

import (
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/web"
)

// exposedTokenHeader is where Better Auth's jwt plugin puts the token.
const exposedTokenHeader = "Set-Auth-Jwt"

// token hands the access token to the page. It is routed only with EXPOSE_TOKEN:
// a page that holds a token can lose it to a script (RFC 10017 §6.2).
func (s *Server) token(w http.ResponseWriter, _ *http.Request, live *session.Live, _ *web.Object) error {
	t, err := s.sessions.Token(live)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		Token string `json:"token"`
	}{t.Raw})
}

// exposeToken adds the token to an answer about the session, where that is
// switched on.
func (s *Server) exposeToken(w http.ResponseWriter, live *session.Live) error {
	if !s.cfg.ExposeToken {
		return nil
	}
	t, err := s.sessions.Token(live)
	if err == nil {
		w.Header().Set(exposedTokenHeader, t.Raw)
	}
	return err
}
