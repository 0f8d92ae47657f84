package bff

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"vestibule/bff/token"
	"vestibule/internal/web"
	"vestibule/store"
)

// The grants of the token endpoint.
const (
	grantClientCredentials = "client_credentials"
	grantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// tokenJSON is a token as RFC 6749 §5.1 hands it out, and RFC 8693 §2.2.1 a traded
// one. scope is always there: it may be less than the client could have had.
type tokenJSON struct {
	AccessToken string `json:"access_token"`
	IssuedType  string `json:"issued_token_type,omitempty"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

// oauthToken gives tokens to internal services. It looks at no cookie.
func (s *Server) oauthToken(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Pragma", "no-cache") // RFC 6749 §5.1; Cache-Control: no-store stands on every answer
	form, err := s.readTokenForm(w, r)
	if err != nil {
		return err
	}
	client, err := s.authenticateClient(r, form)
	if err != nil {
		return err
	}
	var grant string
	give := s.issueToken
	switch form["grant_type"] {
	case grantClientCredentials:
		grant = store.GrantCredentials
	case grantTokenExchange:
		grant, give = store.GrantExchange, s.exchangeToken
	case "":
		return badRequest("The parameter grant_type is missing.")
	default:
		return refuseOAuth(oauthUnsupportedType, "Use the grant_type "+grantClientCredentials+" or "+grantTokenExchange+".")
	}
	if !slices.Contains(client.Grants, grant) {
		return refuseOAuth(oauthUnauthorized, "The client was not made for this grant_type: it lacks the grant "+grant+".")
	}
	err = give(w, r, client, form)
	if errors.Is(err, store.ErrNoClient) {
		return errClient.Because(err) // it was there a moment ago
	}
	return err
}

// issueToken gives a client a token for itself (RFC 6749 §4.4).
func (s *Server) issueToken(w http.ResponseWriter, r *http.Request, client caller, form tokenForm) error {
	allowed := taskScopes(client.Scopes)
	scopes, err := chooseScopes(form["scope"], allowed, allowed)
	if err != nil {
		return err
	}
	audience, err := chooseAudience(form, append([]string{s.cfg.JWTAudience}, client.Audiences...), s.cfg.JWTAudience)
	if err != nil {
		return err
	}
	t, err := s.tokens.MintService(client.ID, audience, strings.Join(scopes, " "))
	if err != nil {
		return err
	}
	e := s.clientEvent(r, client.ID, store.EventTokenIssued)
	e.Detail = "scope " + quoteList(scopes) + " for " + audience
	err = s.tx(r, "use client", func(tx *store.Tx) error {
		noted, err := tx.UseClient(client.use(e.At))
		if err != nil || !noted {
			return err
		}
		return tx.Record(e)
	})
	if err != nil {
		return err
	}
	return s.handOut(w, t, "", scopes)
}

func (s *Server) handOut(w http.ResponseWriter, t token.Token, issuedType string, scopes []string) error {
	return web.WriteJSON(w, http.StatusOK, tokenJSON{
		AccessToken: t.Raw,
		IssuedType:  issuedType,
		TokenType:   "Bearer",
		ExpiresIn:   max(0, t.Expires.Unix()-s.now().Unix()),
		Scope:       strings.Join(scopes, " "),
	})
}

// clientEvent begins an event that a client causes.
func (s *Server) clientEvent(r *http.Request, clientID, kind string) store.Event {
	e := s.event(r, kind)
	e.Actor, e.ClientID = store.ActorClient, clientID
	return e
}

// quoteList shows scopes where there may be none.
func quoteList(words []string) string { return `"` + strings.Join(words, " ") + `"` }
