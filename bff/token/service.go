package token

import (
	"crypto/rand"
	"errors"
	"fmt"
)

// Actor is the service that acts for the subject of a token. Act is the service that
// acted before it, whose token was exchanged for this one (RFC 8693 §4.1).
type Actor struct {
	Subject string `json:"sub"`
	Act     *Actor `json:"act,omitempty"`
}

// maxActors is how many services may act for a user in one chain.
const maxActors = 3

// depth counts the services in the chain.
func (a *Actor) depth() (n int) {
	for ; a != nil; a = a.Act {
		n++
	}
	return n
}

// Chain lists the services, the current actor first.
func (a *Actor) Chain() (ids []string) {
	for ; a != nil; a = a.Act {
		ids = append(ids, a.Subject)
	}
	return ids
}

// MintService returns a token with which a service acts for itself. scope may be "", which
// opens nothing.
func (m *Minter) MintService(clientID, audience, scope string) (Token, error) {
	if clientID == "" || audience == "" {
		return Token{}, errors.New("token: mint: no client or no audience")
	}
	return m.mint(claims{Audience: audience, Subject: clientID, ClientID: clientID, Scope: &scope, ID: rand.Text()}, m.config.ExpiresIn, m.minted.service)
}

// Exchanged is a token with which a service acts for a user.
type Exchanged struct {
	Token
	ID    string // jti
	Actor *Actor
}

// MintExchanged returns a token with which the service acts for the user of s. It
// ends no later than s. It names the session of s, so that it cannot be exchanged again
// after that session has ended.
func (m *Minter) MintExchanged(s Subject, clientID, audience, scope string) (Exchanged, error) {
	act := &Actor{Subject: clientID, Act: s.Actor}
	switch {
	case clientID == "" || audience == "" || scope == "":
		return Exchanged{}, errors.New("token: mint: no client, no audience or no scope")
	case act.depth() > maxActors:
		return Exchanged{}, NotSubject(fmt.Sprintf("it has passed through %d services, and more may not have it", maxActors))
	}
	id := rand.Text()
	t, err := m.mint(claims{
		Audience: audience, Subject: s.UserID, Session: s.SessionID, ClientID: clientID, Scope: &scope, Act: act, ID: id,
	}, min(m.config.ExpiresIn, s.Expires.Sub(m.config.Now())), m.minted.exchange)
	return Exchanged{t, id, act}, err
}
