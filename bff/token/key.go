package token

// Rules for signing keys:
//
//  1. The newest key of the configured algorithm signs. Of two keys made in the
//     same millisecond, the one with the greater id signs. So all instances that
//     read the same table choose the same key.
//  2. A key with an end (ExpiresAt) is retiring. It signs nothing any more, and is
//     published until its end, so that its tokens can still be verified.
//  3. A key is in the table before it signs anything, so that every instance
//     publishes it.
//
// Two instances that start at the same moment and find no key both make one. Each
// adds its own key and then reads the table again. The later one sees both keys
// and signs with the newer. The earlier one may sign with its own key until its
// next start. This does no harm: all instances publish both keys, and the kid of
// a token says which one to use.

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"vestibule/internal/jose"
	"vestibule/store"
)

// Key is a row of the key table. PublicKey is a JWK in JSON; PrivateKey is one too, sealed.
type Key = store.Key

// Keys is the key table, which all instances share.
type Keys interface {
	Keys(ctx context.Context) ([]Key, error)
	AddKey(ctx context.Context, k Key) error
}

// openSigner returns the signing key of the table. If there is none, it makes one.
func openSigner(ctx context.Context, c Config, keys Keys) (jose.Signer, error) {
	k, err := newest(ctx, c.Algorithm, keys)
	if errors.Is(err, errNoKey) {
		if k, err = newKey(c); err != nil {
			return jose.Signer{}, err
		}
		if err := keys.AddKey(ctx, k); err != nil {
			return jose.Signer{}, fmt.Errorf("token: add key: %w", err)
		}
		k, err = newest(ctx, c.Algorithm, keys)
	}
	if err != nil {
		return jose.Signer{}, err
	}
	return unlock(k, c)
}

var errNoKey = errors.New("token: no signing key")

// newest returns the key that signs. It skips keys whose private part is not in our
// form: they were imported, and are published but never sign.
func newest(ctx context.Context, algorithm string, keys Keys) (Key, error) {
	all, err := keys.Keys(ctx)
	if err != nil {
		return Key{}, fmt.Errorf("token: read keys: %w", err)
	}
	var best *Key
	for i, k := range all {
		if k.Algorithm != algorithm || k.ExpiresAt != nil || !sealed(k.PrivateKey) {
			continue
		}
		if best == nil || k.CreatedAt.After(best.CreatedAt) || k.CreatedAt.Equal(best.CreatedAt) && k.ID > best.ID {
			best = &all[i]
		}
	}
	if best == nil {
		return Key{}, errNoKey
	}
	return *best, nil
}

// newKey makes a key pair for the configured algorithm.
func newKey(c Config) (Key, error) {
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
	return Key{
		ID:         id,
		Algorithm:  c.Algorithm,
		Curve:      curve,
		PublicKey:  string(public),
		PrivateKey: box,
		CreatedAt:  c.Now().UTC().Truncate(time.Millisecond),
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
