package bff

import (
	"net/http"

	"vestibule/bff/session"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
)

// exposedTokenHeader is where Better Auth's jwt plugin puts the token.
const exposedTokenHeader = "Set-Auth-Jwt"

type tokenJSON struct {
	Token string `json:"token"`
}

var tokenDoc = endpoint.Doc{
	Tag: "session", Summary: "Get the access token", Text: "Only with EXPOSE_TOKEN; otherwise 404.",
	Row:     "200 `{token}`, the access token; 404 without `EXPOSE_TOKEN`. With `EXPOSE_TOKEN` `/get-session` sends `set-auth-jwt` too",
	Answers: []*endpoint.Answer{answers("The token that the proxy attaches", tokenJSON{"eyJ..."}), notFound},
}

// token hands the access token to the page. It is routed only with EXPOSE_TOKEN:
// a page that holds a token can lose it to a script (RFC 10017 §6.2).
func (s *Server) token(w http.ResponseWriter, _ *http.Request, live *session.Live, _ *web.Object) error {
	t, err := s.sessions.Token(live, kindOfDefaultAPI)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, tokenJSON{t.Raw})
}

// exposeToken adds the token to an answer about the session if EXPOSE_TOKEN is set.
func (s *Server) exposeToken(w http.ResponseWriter, live *session.Live) error {
	if !s.cfg.ExposeToken {
		return nil
	}
	t, err := s.sessions.Token(live, kindOfDefaultAPI)
	if err == nil {
		w.Header().Set(exposedTokenHeader, t.Raw)
	}
	return err
}
