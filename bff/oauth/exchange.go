package oauth

// Token exchange (RFC 8693): a service that received a user's token from the BFF exchanges
// it for a token with which it calls the next service for the user. The rules:
//
//   - The client must have the grant exchange. It becomes the actor. Other actors are not
//     supported.
//   - The user's token must be one of ours, for our own API, and still good (good.go). So the
//     end of a session and a revocation take effect here at once. A token for another
//     audience is refused: whoever gets one must not make it a token for somebody else.
//   - The new token has no scope that the old token or the client lacks. Its audience is
//     one of the client's. It ends no later than the old token.
//   - It names every service in the chain, the latest one outermost.
//   - It is sent only after it was recorded in the audit trail. The same transaction
//     requires that the client still exists and still has the secret that it presented.

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"vestibule/bff/token"
	"vestibule/store"
)

// Token types that the exchange reads and issues (RFC 8693 §3).
const (
	accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
	jwtType         = "urn:ietf:params:oauth:token-type:jwt"
)

func (s *Server) exchangeToken(w http.ResponseWriter, r *http.Request, client caller, form tokenForm) error {
	issuedType, err := checkExchange(form)
	if err != nil {
		return err
	}
	audience, err := chooseAudience(form, s.audiencesOf(client.Client, store.GrantExchange), s.Audience)
	if err != nil {
		return err
	}
	subject, err := s.subject(r, form["subject_token"])
	if err != nil {
		return s.refuseExchange(r, client.Client, subject, err)
	}
	scopes := ScopesOf(client.Client)
	if subject.Scoped {
		scopes = slices.DeleteFunc(scopes, func(scope string) bool { return !slices.Contains(subject.Scope, scope) })
	}
	if scopes, err = chooseScopes(form["scope"], scopes); err != nil {
		return err
	}
	if len(scopes) == 0 {
		return refuse(invalidScope, "The client and the subject token have no scope in common.")
	}
	t, err := s.Tokens.MintExchanged(subject, client.ID, audience, strings.Join(scopes, " "))
	if err != nil {
		return s.refuseExchange(r, client.Client, subject, err)
	}
	e := s.clientEvent(r, client.ID, store.EventTokenExchanged)
	e.UserID, e.SessionID = subject.UserID, subject.SessionID
	e.Detail = fmt.Sprintf("scope %s for %s; %s acts for the user; token %s from token %s",
		quoteList(scopes), audience, strings.Join(t.Actor.Chain(), " for "), t.ID, subject.TokenID)
	err = s.Store.Tx(r.Context(), "exchange token", func(tx *store.Tx) error {
		if err := tx.Record(e); err != nil {
			return err
		}
		if err := tx.RequireClient(client.use(e.At)); err != nil {
			return err
		}
		if err := tx.RequireUnrevoked(subject.Digest); err != nil {
			return err
		}
		return tx.RequireSubject(e)
	})
	if errors.Is(err, store.ErrSessionEnded) || errors.Is(err, store.ErrNoUser) || errors.Is(err, store.ErrTokenRevoked) {
		return s.refuseExchange(r, client.Client, subject, token.NotSubject("it ended a moment ago"))
	}
	if err != nil {
		return err
	}
	return s.handOut(w, t.Token, issuedType, scopes)
}

// checkExchange checks the parameters of an exchange and returns the type of the token to
// issue.
func checkExchange(form tokenForm) (issuedType string, err error) {
	for _, name := range []string{"subject_token", "subject_token_type"} {
		if form[name] == "" {
			return "", badRequest("The parameter " + name + " is missing.")
		}
	}
	for _, name := range []string{"actor_token", "actor_token_type"} {
		if form[name] != "" {
			return "", badRequest("The parameter " + name + " is not supported: the client itself is the actor.")
		}
	}
	for _, name := range []string{"subject_token_type", "requested_token_type"} {
		switch form[name] {
		case "", accessTokenType, jwtType:
		default:
			return "", badRequest("The parameter " + name + " must be " + accessTokenType + " or " + jwtType + ".")
		}
	}
	if form["requested_token_type"] == jwtType {
		return jwtType, nil
	}
	return accessTokenType, nil
}

// subject verifies a user's token and checks that it is still good. If the error is
// token.NotSubject, the result still has the user and the session if they are known.
func (s *Server) subject(r *http.Request, raw string) (token.Subject, error) {
	subject, err := s.Tokens.VerifySubject(r.Context(), raw)
	switch {
	case err != nil:
		return token.Subject{}, err
	case isService(subject.UserID):
		return token.Subject{}, namesNoUser
	}
	if _, err = s.stillGood(r.Context(), subject); errors.Is(err, namesNoUser) {
		return token.Subject{}, err
	}
	return subject, err
}

// refuseExchange records a refused token in the audit trail. It returns other errors as
// they are.
func (s *Server) refuseExchange(r *http.Request, client store.Client, subject token.Subject, err error) error {
	why, refused := errors.AsType[token.NotSubject](err)
	if !refused {
		return err
	}
	e := s.clientEvent(r, client.ID, store.EventTokenExchangeFailed)
	e.UserID, e.SessionID, e.Detail = subject.UserID, subject.SessionID, string(why)
	if err := s.Store.Record(r.Context(), e); err != nil {
		return err
	}
	// RFC 8693 §2.2.2 has no invalid_grant, so every reason is invalid_request.
	return badRequest("The subject_token is refused: " + named(string(why)) + ".")
}
