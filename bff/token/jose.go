package token

// The only file that knows jwx: a later major version is a change of this file.

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// signer signs with one key.
type signer struct {
	algorithm string
	kid       string // empty for HS256
	key       any    // []byte or crypto.Signer
}

// sign returns the compact JWS of payload (RFC 7515 §3.1).
func (s signer) sign(typ string, payload []byte) (string, error) {
	// Made anew for each token: jws.Sign writes into it.
	header := jws.NewHeaders()
	if err := header.Set(jws.TypeKey, typ); err != nil {
		return "", err
	}
	if s.kid != "" {
		if err := header.Set(jws.KeyIDKey, s.kid); err != nil {
			return "", err
		}
	}
	raw, err := jws.Sign(payload, jws.WithKey(jwa.SignatureAlgorithm(s.algorithm), s.key, jws.WithProtectedHeaders(header)))
	return string(raw), err
}

// signedBy says whether signature is key's over input. jwx decides nothing else
// about a token from outside: its parsers accept much that is none of ours. The
// key is []byte for HS256, else what decodePublic returns.
func signedBy(algorithm string, input, signature []byte, key any) bool {
	verifier, err := jws.NewVerifier(jwa.SignatureAlgorithm(algorithm))
	return err == nil && verifier.Verify(input, signature, key) == nil
}

// encodeJWK returns a private or public key as a JWK in JSON.
func encodeJWK(key any, algorithm, kid string) ([]byte, error) {
	k, err := jwk.FromRaw(key)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]any{
		jwk.AlgorithmKey: jwa.SignatureAlgorithm(algorithm),
		jwk.KeyIDKey:     kid,
		jwk.KeyUsageKey:  jwk.ForSignature,
	} {
		if err := k.Set(name, value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(k)
}

// decodePrivate reads a private JWK for algorithm.
func decodePrivate(data []byte, algorithm string) (crypto.Signer, error) {
	k, err := jwk.ParseKey(data)
	if err != nil {
		return nil, err
	}
	if algorithm == EdDSA {
		var key ed25519.PrivateKey
		err := k.Raw(&key)
		return key, err
	}
	var key ecdsa.PrivateKey
	if err := k.Raw(&key); err != nil {
		return nil, err
	}
	return &key, onP256(&key.PublicKey)
}

// decodePublic reads the public part of a JWK for algorithm, and nothing else
// of it.
func decodePublic(data []byte, algorithm string) (crypto.PublicKey, error) {
	k, err := jwk.ParseKey(data)
	if err != nil {
		return nil, err
	}
	if k, err = k.PublicKey(); err != nil {
		return nil, err
	}
	if algorithm == EdDSA {
		var key ed25519.PublicKey
		if err := k.Raw(&key); err != nil {
			return nil, err
		}
		if len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("an Ed25519 key of %d bytes", len(key))
		}
		return key, nil
	}
	var key ecdsa.PublicKey
	if err := k.Raw(&key); err != nil {
		return nil, err
	}
	return &key, onP256(&key)
}

// onP256 is here because jwx builds an ECDSA key of any curve from any numbers.
func onP256(key *ecdsa.PublicKey) error {
	if key.Curve != elliptic.P256() {
		return errors.New("not a P-256 key")
	}
	_, err := key.ECDH() // refuses points that are not on the curve
	return err
}
