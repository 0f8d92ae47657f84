// Package token mints the short-lived access token that the BFF attaches to a
// session's requests, and publishes the keys that verify it.
//
// It promises tokens with exactly the claims iss, aud, sub, client_id, sid, jti, iat
// and exp, and those that their Kind asks for. They are signed with one configured
// algorithm: HS256 with the bytes of the secret, or EdDSA (Ed25519) or ES256 (P-256) with a key from a table that all instances
// share. That table holds private keys only encrypted, with a key that is derived
// from the secret (seal.go). What JWKS publishes is made from the public key only.
//
// It refuses to start with a key that it cannot decrypt: a new key in its place
// would hide that two instances run with different secrets.
//
// For internal services it mints tokens with the claims iss, aud, sub, scope,
// client_id, jti, iat and exp (service.go). It also exchanges a user's token for
// one with which a service acts for that user (subject.go). These are the only
// tokens that it accepts from outside.
package token

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/jose"
	"vestibule/store"
)

// Config says who issues tokens for whom, and how they are signed.
type Config struct {
	Algorithm       string        // HS256, EdDSA or ES256
	Secret          []byte        // signs HS256 tokens, encrypts private keys; at least 32 bytes
	PreviousSecrets [][]byte      // still decrypt private keys and verify HS256 tokens, and sign nothing
	Issuer          string        // the claim iss
	Audience        string        // the claim aud, unless a Kind or a client has another
	Type            string        // the typ: at+jwt (RFC 9068) or JWT; "": at+jwt
	ExpiresIn       time.Duration // lifetime of a token, from 1 s to LongestLife
	Rotation        time.Duration // how long a key signs until the next one does; 0: until an operator rotates it
	Now             func() time.Time
	Metrics         prometheus.Registerer // of minted tokens and signing keys; nil: none are registered
}

func (c Config) check() error {
	switch {
	case c.Algorithm != jose.HS256 && c.Algorithm != jose.EdDSA && c.Algorithm != jose.ES256:
		return fmt.Errorf("token: unknown algorithm %q", c.Algorithm)
	case len(c.Secret) < jose.MinSecret:
		return fmt.Errorf("token: the secret has %d bytes, want at least %d", len(c.Secret), jose.MinSecret)
	case c.Issuer == "" || c.Audience == "":
		return errors.New("token: issuer and audience must not be empty")
	case c.Type != "" && c.Type != jose.TypeAccessToken && c.Type != jose.TypeJWT:
		return fmt.Errorf("token: a type %q, want %s or %s", c.Type, jose.TypeAccessToken, jose.TypeJWT)
	case c.ExpiresIn < time.Second || c.ExpiresIn > LongestLife:
		return fmt.Errorf("token: a lifetime of %v, want 1s to %v", c.ExpiresIn, LongestLife)
	case c.Rotation != 0 && c.Rotation < ShortestRotation:
		return fmt.Errorf("token: a rotation every %v, want at least %v", c.Rotation, ShortestRotation)
	case c.Now == nil:
		return errors.New("token: no clock")
	}
	return nil
}

// Token is a signed access token in compact form and the moment it ends.
type Token struct {
	Raw     string
	Expires time.Time // UTC; the claim exp

	keyID string // "": the secret
}

// Minter mints tokens. It is safe for concurrent use.
type Minter struct {
	config Config
	keys   Keys
	secret jose.Signer // signs in HS256 mode
	table  *table
	minted minted
}

// Open returns a Minter that is ready to sign. In HS256 mode it does not use keys,
// which may be nil. Otherwise it reads the signing key from keys, or makes the
// first one, and checks that every key can be published. If no secret decrypts the
// signing key, the error is ErrSecretDiffers.
func Open(ctx context.Context, c Config, keys Keys) (*Minter, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.Type = cmp.Or(c.Type, jose.TypeAccessToken)
	m := &Minter{config: c, keys: keys, table: newTable(), minted: newMinted(c.Metrics)}
	if c.Algorithm == jose.HS256 {
		m.secret = jose.NewSecretSigner(c.Secret)
		return m, nil
	}
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	m.measureKeys(c.Metrics)
	return m, nil
}

// ownClient is the client_id (RFC 9068 §2.2) of the tokens that no service has asked for:
// those of sessions and of operators. No service has this id: theirs begin with
// jose.ServicePrefix.
const ownClient = "vestibule"

// claims is the payload of a token: the least that the API needs, the id of the session, so
// that its logs can be joined with ours, and what RFC 9068 §2.2 requires. act is in exchanged
// tokens only (RFC 8693 §4.1).
type claims struct {
	Issuer   string  `json:"iss"`
	Audience string  `json:"aud"`
	Subject  string  `json:"sub"`
	Session  string  `json:"sid,omitempty"`
	ID       string  `json:"jti"`
	IssuedAt int64   `json:"iat"`
	Expires  int64   `json:"exp"`
	Scope    *string `json:"scope,omitempty"` // "" is no scope, which opens nothing; without the claim a user's own token opens all that is theirs
	ClientID string  `json:"client_id"`
	Act      *Actor  `json:"act,omitempty"`
	userInfo
}

// Mint returns a new token of this kind for the user u in the session with the id sessionID.
// Both ids must be set: a token without them opens nothing, and the caller has a bug that a
// 401 from the API would hide.
func (m *Minter) Mint(u *store.User, sessionID string, k Kind) (Token, error) {
	if u.ID == "" || sessionID == "" {
		return Token{}, errors.New("token: mint: no subject or no session")
	}
	if err := k.Check(); err != nil {
		return Token{}, err
	}
	c := claims{Audience: cmp.Or(k.Audience, m.config.Audience), Subject: u.ID, Session: sessionID, ClientID: ownClient, ID: rand.Text(), userInfo: k.describe(u)}
	if k.Scope != "" {
		c.Scope = &k.Scope
	}
	return m.mint(c, m.config.ExpiresIn, m.minted.session)
}

// mint signs c as a token of this lifetime, and counts it.
func (m *Minter) mint(c claims, life time.Duration, minted prometheus.Counter) (Token, error) {
	now := m.config.Now()
	signer := m.signer(now)
	expires := now.Add(life).UTC().Truncate(time.Second)
	c.Issuer, c.IssuedAt, c.Expires = m.config.Issuer, now.Unix(), expires.Unix()
	payload, err := encode(c)
	if err != nil {
		return Token{}, fmt.Errorf("token: mint: %w", err)
	}
	raw, err := signer.Sign(m.config.Type, payload)
	if err != nil {
		return Token{}, fmt.Errorf("token: mint: %w", err)
	}
	minted.Inc()
	return Token{Raw: raw, Expires: expires, keyID: signer.Public().ID}, nil
}

// Fresh reports whether t can still be attached to a request. It is false for the
// zero Token, for one whose key is not published any more, and from shortly before the end,
// so that a token does not expire on its way or while the API reads a slow upload: one
// minute before, or a fifth of a lifetime that is under five minutes.
func (m *Minter) Fresh(t Token) bool {
	margin := min(time.Minute, m.config.ExpiresIn/5)
	return t.Raw != "" && t.Expires.Sub(m.config.Now()) > margin && m.publishes(t.keyID)
}
