package token

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Grant is what a token says that belongs to no session: a service's own, one
// that a service got in exchange for a user's, or an operator's.
type Grant struct {
	Subject   string        // a user's or a service's id
	Actor     string        // the service that acts for the subject (RFC 8693 §4.1); "": nobody
	ClientID  string        // the client that the token was made for (RFC 9068 §2.2); "": none
	Audience  string        // "": as configured
	Scope     []string      // nil: no scope claim
	ExpiresIn time.Duration // 0: as configured
}

func (g Grant) check() error {
	switch {
	case g.Subject == "":
		return errors.New("no subject")
	case g.ExpiresIn != 0 && g.ExpiresIn < time.Second:
		return fmt.Errorf("a lifetime of %v, want at least 1s", g.ExpiresIn)
	case !slices.ContainsFunc(g.Scope, func(s string) bool { return !ScopeToken(s) }):
		return nil
	}
	return fmt.Errorf("scope %q is not a list of words", g.Scope)
}

// ScopeToken says whether s is one word of a scope (RFC 6749 §3.3): printable
// ASCII without space, quote and backslash.
func ScopeToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || r == '"' || r == '\\'
	})
}

// grantClaims is the payload of a token that belongs to no session.
type grantClaims struct {
	Issuer   string      `json:"iss"`
	Audience string      `json:"aud"`
	Subject  string      `json:"sub"`
	Actor    *actorClaim `json:"act,omitempty"`
	ClientID string      `json:"client_id,omitempty"`
	Scope    *string     `json:"scope,omitempty"`
	ID       string      `json:"jti"`
	IssuedAt int64       `json:"iat"`
	Expires  int64       `json:"exp"`
}

type actorClaim struct {
	Subject string `json:"sub"`
}

// MintFor returns a new token that says what g does.
func (m *Minter) MintFor(g Grant) (Token, error) {
	if err := g.check(); err != nil {
		return Token{}, fmt.Errorf("token: mint: %w", err)
	}
	if g.Audience == "" {
		g.Audience = m.config.Audience
	}
	if g.ExpiresIn == 0 {
		g.ExpiresIn = m.config.ExpiresIn
	}
	now := m.config.Now()
	expires := now.Add(g.ExpiresIn).UTC().Truncate(time.Second)
	c := grantClaims{
		Issuer:   m.config.Issuer,
		Audience: g.Audience,
		Subject:  g.Subject,
		ClientID: g.ClientID,
		ID:       rand.Text(),
		IssuedAt: now.Unix(),
		Expires:  expires.Unix(),
	}
	if g.Actor != "" {
		c.Actor = &actorClaim{g.Actor}
	}
	if g.Scope != nil {
		scope := strings.Join(g.Scope, " ")
		c.Scope = &scope
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return Token{}, fmt.Errorf("token: mint: %w", err)
	}
	raw, err := m.signer.sign(payload)
	if err != nil {
		return Token{}, fmt.Errorf("token: mint: %w", err)
	}
	return Token{Raw: raw, Expires: expires}, nil
}
