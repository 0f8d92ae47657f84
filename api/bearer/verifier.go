package bearer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"vestibule/internal/jose"
)

// Verification checks, in this order:
//
//   1. the token's form (jose.Parse) and its header (jose.Header): one algorithm, no
//      extension. Its unverified iss chooses the rules (Verifier.of);
//   2. its signature, with a key that was configured or fetched before;
//   3. its claims (trust.caller): exp, nbf and iat within 30 s, iss, aud, sub.
//
// The order matters to the client: only a token that was valid once is called expired.

// keySource provides verification keys.
type keySource interface {
	// ring returns the known keys, or nil before the first ones.
	ring() *keyring
	// find returns the keys that may have signed a token with this kid, and their ring. An
	// unknown kid is not an error. It may wait.
	find(ctx context.Context, keyID string) (*keyring, []jose.Key, error)
}

// secrets is the keySource of HS256.
type secrets struct{ all *keyring }

func (s secrets) ring() *keyring { return s.all }

// find returns every secret for any kid: a shared secret has no id, but some libraries
// write one into the header.
func (s secrets) find(context.Context, string) (*keyring, []jose.Key, error) {
	return s.all, s.all.keys, nil
}

func newSecrets(list [][]byte) (secrets, error) {
	if len(list) == 0 {
		return secrets{}, errors.New("BETTER_AUTH_SECRET is missing")
	}
	keys := make([]jose.Key, 0, len(list))
	for _, secret := range list {
		if len(secret) < jose.MinSecret {
			return secrets{}, fmt.Errorf("BETTER_AUTH_SECRET is shorter than %d bytes", jose.MinSecret)
		}
		keys = append(keys, jose.Secret(secret))
	}
	return secrets{newKeyring(keys)}, nil
}

// verify returns the caller of a valid token. Its errors are a 401, or a 503 while there
// are no keys.
func (v *Verifier) verify(ctx context.Context, token string) (Caller, error) {
	// A caller sends the same token many times: the BFF makes one per session and five
	// minutes. Only valid tokens are remembered, by the hash of the whole token. So a
	// forged token neither finds nor displaces an entry.
	hash := tokenHash(sha256.Sum256([]byte(token)))
	if c, ok := v.remembered(hash); ok {
		return c, c.validAt(v.now())
	}
	t, err := jose.Parse(token)
	if err != nil {
		return Caller{}, invalid(malformed, err)
	}
	claims, errClaims := jose.ParseClaims(t.Payload)
	by := v.of(claims)
	header, err := jose.ParseHeader(t.Header)
	if err == nil {
		err = header.Check(by.algorithm)
	}
	if err != nil {
		return Caller{}, invalid(wrongHeader, fmt.Errorf("%w (compare %s)", err, by.setting("JWT_ALGORITHM")))
	}
	ring, candidates, err := by.keys.find(ctx, header.KeyID)
	if err != nil {
		return Caller{}, err
	}
	if len(candidates) == 0 {
		return Caller{}, invalid(unknownKey, fmt.Errorf("no key with kid %.64q (compare %s)", header.KeyID, by.keySetting()))
	}
	if !slices.ContainsFunc(candidates, t.SignedBy) {
		return Caller{}, invalid(wrongSignature, errors.New("wrong signature (compare "+by.keySetting()+")"))
	}
	if errClaims != nil {
		return Caller{}, invalid(malformed, errClaims)
	}
	c, err := by.caller(claims, v.now())
	if err != nil {
		return Caller{}, err
	}
	ring.verified.Add(hash, c)
	return c, nil
}

// remembered returns the caller of a token that was verified before. The token must be in
// the memory of its issuer's current keys.
func (v *Verifier) remembered(hash tokenHash) (Caller, bool) {
	if c, ok := v.own.remembered(hash); ok {
		return c, true
	}
	for _, t := range v.further {
		if c, ok := t.remembered(hash); ok {
			return c, true
		}
	}
	return Caller{}, false
}

func (t *trust) remembered(hash tokenHash) (Caller, bool) {
	ring := t.keys.ring()
	if ring == nil {
		return Caller{}, false
	}
	return ring.verified.Get(hash)
}
