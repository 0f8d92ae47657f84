package oauth

// Introspection (RFC 7662): a service asks whether a token is good. The rules:
//
//   - Only clients may ask.
//   - A client learns about a token that was given to it, or that is for an audience which
//     the client may have. About any other token it learns what it learns about garbage:
//     that the token is not active (§4).
//   - A token is active only if it can be verified and is still good (good.go).

import (
	"errors"
	"net/http"
	"strings"

	"vestibule/bff/token"
	"vestibule/internal/web"
	"vestibule/store"
)

// introspectionJSON is what a token says (RFC 7662 §2.2, RFC 8693 §4). One that is not active
// says nothing else.
type introspectionJSON struct {
	Active    bool         `json:"active"`
	Scope     *string      `json:"scope,omitempty" schema:"type=string" doc:"What the token opens. A user's own token has no scope, and opens all that is the user's"`
	ClientID  string       `json:"client_id,omitempty" doc:"The service to which the token was given"`
	TokenType string       `json:"token_type,omitempty" schema:"const=Bearer"`
	Expires   int64        `json:"exp,omitempty" doc:"Seconds since 1970"`
	IssuedAt  int64        `json:"iat,omitempty" doc:"Seconds since 1970"`
	Subject   string       `json:"sub,omitempty" doc:"A user, or a service"`
	Audience  string       `json:"aud,omitempty"`
	Issuer    string       `json:"iss,omitempty" doc:"JWT_ISSUER"`
	ID        string       `json:"jti,omitempty"`
	Session   string       `json:"sid,omitempty" doc:"The user's session"`
	Actor     *token.Actor `json:"act,omitempty" doc:"The services that act for the user"`
}

// Introspect says whether a token is good. Write its errors with WriteError.
func (s *Server) Introspect(w http.ResponseWriter, r *http.Request) error {
	client, presented, err := s.about(w, r)
	if err != nil {
		return err
	}
	t, err := s.Tokens.Verify(r.Context(), presented)
	if err == nil && !s.concerns(client.Client, t.ClientID, t.Audience) {
		err = token.NotSubject("it does not concern this client")
	}
	if err == nil {
		_, err = s.stillGood(r.Context(), t)
	}
	if _, refused := errors.AsType[token.NotSubject](err); refused {
		return web.WriteJSON(w, http.StatusOK, introspectionJSON{})
	}
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, s.describe(t))
}

func (s *Server) describe(t token.Subject) introspectionJSON {
	said := introspectionJSON{
		Active: true, ClientID: t.ClientID, TokenType: "Bearer", Expires: t.Expires.Unix(),
		Subject: t.UserID, Audience: t.Audience, Issuer: s.Issuer, ID: t.TokenID, Session: t.SessionID, Actor: t.Actor,
	}
	if t.Scoped {
		said.Scope = new(strings.Join(t.Scope, " "))
	}
	if !t.IssuedAt.IsZero() {
		said.IssuedAt = t.IssuedAt.Unix()
	}
	return said
}

// noteUse stores that a client was used, at most once a minute, so that a client which only
// asks about tokens does not look unused.
func (s *Server) noteUse(r *http.Request, client caller) error {
	use := client.use(s.Now().UTC())
	if client.UsedLately(use.At) {
		return nil
	}
	return ended(s.Store.Tx(r.Context(), "use client", func(tx *store.Tx) error {
		_, err := tx.UseClient(use)
		return err
	}))
}
