package token

import (
	"crypto/rand"
	"errors"
)

// MintFor returns a new token for a user or a service that belongs to no session
// and that no client asked for: an operator's. Without scope, which is not the
// same as an empty one, it says nothing of it.
func (m *Minter) MintFor(subject string, scope *string) (Token, error) {
	if subject == "" {
		return Token{}, errors.New("token: mint: no subject")
	}
	return m.mint(accessToken, claims{Audience: m.config.Audience, Subject: subject, Scope: scope, ID: rand.Text()}, m.config.ExpiresIn)
}
