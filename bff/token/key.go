package token

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"vestibule/internal/jose"
	"vestibule/store"
)

// Key is a row of the key table. PublicKey is a JWK in JSON; PrivateKey is one too, sealed.
type Key = store.Key

// Change is a change of the key table.
type Change = store.KeyChange

// Keys is the key table, which all instances share.
type Keys interface {
	// Keys returns the rows, the oldest first.
	Keys(ctx context.Context) ([]Key, error)
	// ChangeKeys writes what plan returns. Nobody else changes the table between plan and
	// the commit. plan may be called more than once.
	ChangeKeys(ctx context.Context, plan func([]Key) (Change, error)) error
}

// newKey makes a key pair for the configured algorithm. It signs from then on.
func newKey(c Config, then time.Time) (Key, error) {
	id := "key_" + strings.ToLower(rand.Text())
	fail := func(err error) (Key, error) { return Key{}, fmt.Errorf("token: make key: %w", err) }
	pair, curve, err := jose.Generate(c.Algorithm, id)
	if err != nil {
		return fail(err)
	}
	public, err := pair.Public().JWK()
	if err != nil {
		return fail(err)
	}
	private, err := pair.JWK()
	if err != nil {
		return fail(err)
	}
	box, err := seal(c.Secret, id, private)
	if err != nil {
		return fail(err)
	}
	then = then.UTC().Truncate(time.Millisecond)
	return Key{
		ID:         id,
		Algorithm:  c.Algorithm,
		Curve:      curve,
		PublicKey:  string(public),
		PrivateKey: box,
		CreatedAt:  c.Now().UTC().Truncate(time.Millisecond),
		SignsAt:    &then,
	}, nil
}

// publicPart returns the public part of k.
func publicPart(k Key) (jose.Key, error) {
	key, err := jose.ParseKey([]byte(k.PublicKey), k.Algorithm)
	if err != nil {
		return jose.Key{}, fmt.Errorf("token: key %s: public part: %w", k.ID, err)
	}
	key.ID = k.ID // whatever the JWK says
	return key, nil
}

// unlock decrypts the private part of k.
func unlock(k Key, c Config) (jose.Signer, error) {
	private, err := unseal(k.ID, k.PrivateKey, c.Secret, c.PreviousSecrets)
	if err != nil {
		return jose.Signer{}, fmt.Errorf("token: key %s: %w", k.ID, err)
	}
	signer, err := jose.ParseSigner(private, k.Algorithm, k.ID)
	if err != nil {
		return jose.Signer{}, fmt.Errorf("token: key %s: private part: %w", k.ID, err)
	}
	public, err := publicPart(k)
	if err != nil {
		return jose.Signer{}, err
	}
	// Otherwise every token would be refused, and no log would say why.
	if !signer.Public().Equal(public) {
		return jose.Signer{}, fmt.Errorf("token: key %s: the public part does not belong to the private one", k.ID)
	}
	return signer, nil
}
