package bff

import (
	"net/http"

	"vestibule/bff/oauth"
	"vestibule/bff/throttle"
)

// newOAuth composes the endpoints for services.
func (s *Server) newOAuth() *oauth.Server {
	return oauth.New(oauth.Config{
		Issuer:   s.cfg.JWTIssuer,
		Audience: s.cfg.JWTAudience,
		Now:      s.now,
		Store:    s.store,
		Tokens:   s.tokens,
		Sessions: s.sessions,
		ReadBody: func(w http.ResponseWriter, r *http.Request) ([]byte, error) {
			from := s.shareOf(r)
			body, err := s.bodiesOf(from).Read(w, r, from.Address)
			s.noteTooLarge(r, err)
			return body, err
		},
		Stranger: s.enterLookup,
		WrongSecret: func(r *http.Request, clientID string) error {
			return s.limit(r, throttle.ClientSecret(clientID, s.clients.Of(r)))
		},
		Refused: func(r *http.Request) { s.delayAnswer(r, s.refusals) },
		Event:   s.event,
	})
}
