// Package oauth is the authorization server for internal services. It authenticates clients
// by their secrets, issues tokens (RFC 6749 §4.4), and exchanges a user's token for a token
// of a service (RFC 8693). It says whether a token is good (RFC 7662), revokes tokens
// (RFC 7009), and describes itself (RFC 8414). It does not use cookies.
package oauth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"vestibule/bff/token"
	"vestibule/internal/web"
	"vestibule/store"
)

// Config is the configuration of the endpoints. All fields are required.
type Config struct {
	Issuer   string // of all tokens
	Audience string // the default audience
	Now      func() time.Time

	Store    *store.Store
	Tokens   *token.Minter
	Sessions Sessions

	// The server that has the endpoints provides these functions.

	ReadBody    func(w http.ResponseWriter, r *http.Request) ([]byte, error) // within the limits of the sender
	Stranger    func(r *http.Request) (leave func(), err error)              // waits for its turn to look up an id that may be made up
	WrongSecret func(r *http.Request, clientID string) error                 // counts a failed attempt; its error refuses the request
	Refused     func(r *http.Request)                                        // delays a refusal if the sender is refused often
	Event       func(r *http.Request, kind string) store.Event               // starts an entry of the audit trail
}

// Sessions returns the live sessions of a user.
type Sessions interface {
	Of(ctx context.Context, userID string) ([]store.Session, error)
}

// Server answers the requests of clients. Make one with New.
type Server struct{ Config }

// New returns the endpoints.
func New(cfg Config) *Server { return &Server{cfg} }

// The grants of the token endpoint.
const (
	grantClientCredentials = "client_credentials"
	grantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// tokenResponseJSON is the answer with a token (RFC 6749 §5.1), or with an exchanged token
// (RFC 8693 §2.2.1). scope is always present, because it may be less than was requested.
type tokenResponseJSON struct {
	AccessToken string `json:"access_token"`
	IssuedType  string `json:"issued_token_type,omitempty" doc:"With an exchange"`
	TokenType   string `json:"token_type" schema:"const=Bearer"`
	ExpiresIn   int64  `json:"expires_in" schema:"minimum=0" doc:"Seconds"`
	Scope       string `json:"scope" doc:"What the token opens, which may be less than was asked for"`
}

// Token issues tokens to internal services. Write its errors with WriteError.
func (s *Server) Token(w http.ResponseWriter, r *http.Request) error {
	client, form, err := s.enter(w, r)
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
		return errNoGrantType
	default:
		return errGrantType
	}
	if !slices.Contains(client.Grants, grant) {
		return lacksGrant(grant)
	}
	return ended(give(w, r, client, form))
}

// enter reads a form and authenticates the client that has sent it.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) (caller, tokenForm, error) {
	w.Header().Set("Pragma", "no-cache") // RFC 6749 §5.1; every answer also has Cache-Control: no-store
	form, err := s.readTokenForm(w, r)
	if err != nil {
		return caller{}, nil, err
	}
	client, err := s.authenticateClient(r, form)
	return client, form, err
}

// ended turns the store's error that the client was deleted, or that its secret has changed
// meanwhile, into a refusal.
func ended(err error) error {
	if errors.Is(err, store.ErrNoClient) {
		return errClient.Because(err)
	}
	return err
}

// issueToken issues a token with which the client acts for itself (RFC 6749 §4.4).
func (s *Server) issueToken(w http.ResponseWriter, r *http.Request, client caller, form tokenForm) error {
	scopes, err := chooseScopes(form["scope"], ScopesOf(client.Client))
	if err != nil {
		return err
	}
	audience, err := chooseAudience(form, s.audiencesOf(client.Client, store.GrantCredentials), s.Audience)
	if err != nil {
		return err
	}
	t, err := s.Tokens.MintService(client.ID, audience, strings.Join(scopes, " "))
	if err != nil {
		return err
	}
	e := s.clientEvent(r, client.ID, store.EventTokenIssued)
	e.Detail = "scope " + quoteList(scopes) + " for " + audience
	err = s.Store.Tx(r.Context(), "use client", func(tx *store.Tx) error {
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
	return web.WriteJSON(w, http.StatusOK, tokenResponseJSON{
		AccessToken: t.Raw,
		IssuedType:  issuedType,
		TokenType:   "Bearer",
		ExpiresIn:   max(0, t.Expires.Unix()-s.Now().Unix()),
		Scope:       strings.Join(scopes, " "),
	})
}

// clientEvent starts an audit event that a client causes.
func (s *Server) clientEvent(r *http.Request, clientID, kind string) store.Event {
	e := s.Event(r, kind)
	e.Actor, e.ClientID = store.ActorClient, clientID
	return e
}

// quoteList quotes scopes for the audit trail. There may be none.
func quoteList(words []string) string { return `"` + strings.Join(words, " ") + `"` }
