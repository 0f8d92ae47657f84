package token

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// MintFor returns a new token for a user or a service that belongs to no session
// and that no client asked for: an operator's. Without scope, which is not the
// same as an empty one, it says nothing of it.
func (m *Minter) MintFor(subject string, scope *string) (Token, error) {
	if subject == "" {
		return Token{}, errors.New("token: mint: no subject")
	}
	now := m.config.Now()
	expires := now.Add(m.config.ExpiresIn).UTC().Truncate(time.Second)
	payload, err := json.Marshal(struct {
		Issuer   string  `json:"iss"`
		Audience string  `json:"aud"`
		Subject  string  `json:"sub"`
		Scope    *string `json:"scope,omitempty"`
		ID       string  `json:"jti"`
		IssuedAt int64   `json:"iat"`
		Expires  int64   `json:"exp"`
	}{m.config.Issuer, m.config.Audience, subject, scope, rand.Text(), now.Unix(), expires.Unix()})
	if err != nil {
		return Token{}, fmt.Errorf("token: mint: %w", err)
	}
	raw, err := m.signer.sign("JWT", payload)
	if err != nil {
		return Token{}, fmt.Errorf("token: mint: %w", err)
	}
	return Token{Raw: raw, Expires: expires}, nil
}
