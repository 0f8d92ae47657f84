package token

import (
	"crypto/rand"
	"errors"
	"strings"

	"vestibule/internal/jose"
)

// MintFor returns a new token for a user or a service, made by an operator: no
// session and no client belongs to it. If scope is nil, the token has no scope
// claim; an empty scope is a claim that opens nothing.
func (m *Minter) MintFor(subject string, scope *string) (Token, error) {
	if subject == "" {
		return Token{}, errors.New("token: mint: no subject")
	}
	c := claims{Audience: m.config.Audience, Subject: subject, Scope: scope, ClientID: ownClient, ID: rand.Text()}
	if strings.HasPrefix(subject, jose.ServicePrefix) {
		c.ClientID = subject
	}
	return m.mint(c, m.config.ExpiresIn, m.minted.session)
}
