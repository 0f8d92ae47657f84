package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"vestibule/internal/jose"
	"vestibule/internal/web"
)

// The rules of verification, in the order in which they are checked:
//
//  1. the token's form (jose.Parse), its header (jose.Header): one algorithm, no
//     extension; its unverified iss says whose rules hold;
//  2. its signature, by a key that was configured or fetched beforehand;
//  3. its claims (parseClaims): exp, nbf and iat within 30 s, iss, aud, sub.
//
// What a client is told depends on it: that a token has expired is only said
// of a token that was once good.

// Everything that a 401 says, in its body and in its challenge. Where no token was
// sent there is no error to be named (RFC 6750 §3.1). The reason goes to the log alone.
var (
	errNotAuthenticated = unauthorized("Not authenticated", "Bearer")
	errTokenExpired     = tokenRefused("Token has expired")
	errTokenInvalid     = tokenRefused("Invalid token")
	errNoSubject        = tokenRefused("Invalid authentication credentials")
)

func unauthorized(detail, challenge string) *web.Error {
	return web.Refuse(http.StatusUnauthorized, "UNAUTHORIZED", detail).With("WWW-Authenticate", challenge)
}

func tokenRefused(detail string) *web.Error {
	return unauthorized(detail, `Bearer error="invalid_token", error_description="`+detail+`"`)
}

// keySource is where verification keys come from.
type keySource interface {
	// ring returns the keys known now, or nil when there never were any.
	ring() *keyring
	// find returns the keys that may have signed a token with this kid, and
	// the ring they belong to. No such key is no error. It may wait.
	find(ctx context.Context, keyID string) (*keyring, []jose.Key, error)
}

// secrets is the keySource of HS256.
type secrets struct{ all *keyring }

func (s secrets) ring() *keyring { return s.all }

// find returns every secret whatever the kid: a shared secret has no name, but
// some libraries write one into the header.
func (s secrets) find(context.Context, string) (*keyring, []jose.Key, error) {
	return s.all, s.all.keys, nil
}

// verifier decides who a token speaks for.
type verifier struct {
	own     *trust   // the BFF, and whoever shares its secret
	further []*trust // JWT_ISSUERS
	now     func() time.Time
}

// verify returns what a valid token says. Its errors are a 401, or a 503 while
// there are no keys to judge any token by.
func (v *verifier) verify(ctx context.Context, token string) (claims, error) {
	// A caller sends the same token many times: the BFF mints one per session
	// and five minutes. Only good tokens are remembered, under a hash of the
	// whole of them, so a made-up one neither finds nor displaces anything.
	hash := tokenHash(sha256.Sum256([]byte(token)))
	if c, ok := v.remembered(hash); ok {
		return c, c.validAt(v.now())
	}
	t, err := jose.Parse(token)
	if err != nil {
		return claims{}, errTokenInvalid.Because(err)
	}
	by := v.of(t.Payload)
	header, err := jose.ParseHeader(t.Header)
	if err == nil {
		err = header.Check(by.algorithm)
	}
	if err != nil {
		return claims{}, errTokenInvalid.Because(fmt.Errorf("%w (compare %s)", err, by.setting("JWT_ALGORITHM")))
	}
	ring, candidates, err := by.keys.find(ctx, header.KeyID)
	if err != nil {
		return claims{}, err
	}
	if len(candidates) == 0 {
		return claims{}, errTokenInvalid.Because(fmt.Errorf("no key with kid %.64q (compare %s)", header.KeyID, by.keySetting()))
	}
	if !slices.ContainsFunc(candidates, t.SignedBy) {
		return claims{}, errTokenInvalid.Because(errors.New("wrong signature (compare " + by.keySetting() + ")"))
	}
	c, err := parseClaims(t.Payload, by, v.now())
	if err != nil {
		return claims{}, err
	}
	ring.verified.Add(hash, c)
	return c, nil
}

// remembered returns what a token says that was verified before. Whoever
// issued it, it is remembered with their keys and no others.
func (v *verifier) remembered(hash tokenHash) (claims, bool) {
	if c, ok := v.own.remembered(hash); ok {
		return c, true
	}
	for _, t := range v.further {
		if c, ok := t.remembered(hash); ok {
			return c, true
		}
	}
	return claims{}, false
}

func (t *trust) remembered(hash tokenHash) (claims, bool) {
	ring := t.keys.ring()
	if ring == nil {
		return claims{}, false
	}
	return ring.verified.Get(hash)
}
