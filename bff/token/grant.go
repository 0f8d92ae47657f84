package token

import (
	"crypto/rand"
	"errors"
	"strings"
)

// commandLine is the client_id (RFC 9068 §2.2) of a user's token that no client asked
// for. No client has it: their ids begin with servicePrefix.
const commandLine = "vestibule"

// servicePrefix begins the ids of service clients.
const servicePrefix = "svc_"

// MintFor returns a new token for a user or a service that belongs to no session
// and that no client asked for: an operator's. Without scope, which is not the
// same as an empty one, it says nothing of it.
func (m *Minter) MintFor(subject string, scope *string) (Token, error) {
	if subject == "" {
		return Token{}, errors.New("token: mint: no subject")
	}
	c := claims{Audience: m.config.Audience, Subject: subject, Scope: scope, ClientID: commandLine, ID: rand.Text()}
	if strings.HasPrefix(subject, servicePrefix) {
		c.ClientID = subject
	}
	return m.mint(accessToken, c, m.config.ExpiresIn)
}
