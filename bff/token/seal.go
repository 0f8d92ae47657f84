package token

// Rules for private keys at rest:
//
//  1. The encryption key is derived from the secret for this purpose only
//     (HKDF-SHA256, RFC 5869), so that neither a cookie's signature nor an HS256
//     token reveals anything about it.
//  2. AES-256-GCM, with a random nonce and the key's id as additional data: a
//     sealed key cannot be opened in another row.
//  3. A key that only a previous secret opens is encrypted again under the secret, once all
//     instances sign with that one. So the previous secret can be dropped.
//  4. A sealed key begins with the version of this scheme, so that a later scheme
//     can be used beside it.

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ErrSecretDiffers is returned when neither the secret nor a previous secret
// decrypts a private key. Its text is for the operator.
var ErrSecretDiffers = errors.New("BETTER_AUTH_SECRET differs from the one that encrypted this signing key: " +
	"set BETTER_AUTH_SECRET_PREVIOUS to the old secret")

var errDamaged = errors.New("the private part is damaged")

const (
	sealPrefix = "v1."
	sealInfo   = "vestibule/jwks private key/v1"
)

// sealed reports whether box is the private part of one of our keys.
func sealed(box string) bool { return strings.HasPrefix(strings.TrimPrefix(box, nextMark), sealPrefix) }

// seal encrypts the private key with the id kid under secret.
func seal(secret []byte, kid string, plain []byte) (string, error) {
	aead, err := sealer(secret)
	if err != nil {
		return "", err
	}
	return sealPrefix + base64.RawURLEncoding.EncodeToString(aead.Seal(nil, nil, plain, []byte(kid))), nil // #nosec G407 -- the AEAD makes the nonce itself
}

// unseal decrypts box with the first secret that fits.
func unseal(kid, box string, secret []byte, previous [][]byte) ([]byte, error) {
	ciphertext, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(strings.TrimPrefix(box, nextMark), sealPrefix))
	if err != nil || !sealed(box) {
		return nil, errDamaged
	}
	for _, s := range append([][]byte{secret}, previous...) {
		aead, err := sealer(s)
		if err != nil {
			return nil, err
		}
		if plain, err := aead.Open(nil, nil, ciphertext, []byte(kid)); err == nil {
			return plain, nil
		}
	}
	return nil, ErrSecretDiffers
}

// reseal encrypts the keys under the secret that only a previous secret opens. Keys that no
// secret opens stay as they are.
func (c Config) reseal(change *Change, rows []Key) error {
	for _, k := range rows {
		if !sealed(k.PrivateKey) {
			continue
		}
		if _, err := unseal(k.ID, k.PrivateKey, c.Secret, nil); err == nil {
			continue
		}
		plain, err := unseal(k.ID, k.PrivateKey, c.Secret, c.PreviousSecrets)
		if err != nil {
			continue
		}
		mark := ""
		if strings.HasPrefix(k.PrivateKey, nextMark) {
			mark = nextMark
		}
		box, err := seal(c.Secret, k.ID, plain)
		if err != nil {
			return err
		}
		k.PrivateKey = mark + box
		change.Update = append(change.Update, k)
	}
	return nil
}

func sealer(secret []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, sealInfo, 32)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
