package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// This is the only file that uses jwx. For a token from outside, jwx decides one thing:
// given an algorithm and a key, is this the signature of these bytes? Its parsers are not
// used. They accept the JSON serialisation, unknown crit and b64, a missing exp and exp 0.
// And a second parser could read the header differently.

// Key verifies signatures of one algorithm.
type Key struct {
	ID string // kid; "" when the key has none, as shared secrets do

	algorithm string
	material  any // []byte, ed25519.PublicKey, *ecdsa.PublicKey or *rsa.PublicKey
	verifier  jws.Verifier
}

func newKey(id, algorithm string, material any) Key {
	verifier, err := jws.NewVerifier(jwa.SignatureAlgorithm(algorithm))
	if err != nil { // an unsupported algorithm
		return Key{ID: id}
	}
	return Key{id, algorithm, material, verifier}
}

// Secret is a key of HS256.
func Secret(secret []byte) Key { return newKey("", HS256, secret) }

// Algorithm is the only algorithm whose signatures k verifies.
func (k Key) Algorithm() string { return k.algorithm }

// Equal reports whether two public keys are the same and have the same ID. Secrets are
// never equal.
func (k Key) Equal(other Key) bool {
	own, ok := k.material.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.ID == other.ID && own.Equal(other.material)
}

// SignedBy reports whether k signed the token.
func (t Token) SignedBy(k Key) bool {
	return k.verifier != nil && k.verifier.Verify(t.input, t.signature, k.material) == nil
}

// JWK returns a public key as a JWK in JSON.
func (k Key) JWK() ([]byte, error) {
	return encodeJWK(k.material, k.algorithm, k.ID)
}

// Signer signs with one key.
type Signer struct {
	public  Key
	private any // []byte or crypto.Signer
}

// NewSecretSigner returns the signer of HS256.
func NewSecretSigner(secret []byte) Signer { return Signer{Secret(secret), secret} }

// Generate makes a key pair for EdDSA or ES256.
func Generate(algorithm, id string) (s Signer, curve string, err error) {
	var private crypto.Signer
	if algorithm == EdDSA {
		curve = "Ed25519"
		_, private, err = ed25519.GenerateKey(rand.Reader)
	} else {
		curve = "P-256"
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return Signer{}, "", err
	}
	return Signer{newKey(id, algorithm, private.Public()), private}, curve, nil
}

// ParseSigner reads one of our own private JWKs.
func ParseSigner(data []byte, algorithm, id string) (Signer, error) {
	k, err := jwk.ParseKey(data)
	if err != nil {
		return Signer{}, err
	}
	if algorithm == EdDSA {
		var private ed25519.PrivateKey
		if err := k.Raw(&private); err != nil {
			return Signer{}, err
		}
		return Signer{newKey(id, algorithm, private.Public()), private}, nil
	}
	var private ecdsa.PrivateKey
	if err := k.Raw(&private); err != nil {
		return Signer{}, err
	}
	return Signer{newKey(id, algorithm, &private.PublicKey), &private}, onP256(&private.PublicKey)
}

// onP256 is needed because jwx builds an ECDSA key of any curve from any numbers.
func onP256(key *ecdsa.PublicKey) error {
	if key.Curve != elliptic.P256() {
		return errors.New("not a P-256 key")
	}
	_, err := key.ECDH() // this refuses points that are not on the curve
	return err
}

// Public returns the key that verifies what s signs.
func (s Signer) Public() Key { return s.public }

// JWK returns the private key as a JWK in JSON.
func (s Signer) JWK() ([]byte, error) {
	return encodeJWK(s.private, s.public.algorithm, s.public.ID)
}

// Sign returns the compact JWS of payload (RFC 7515 §3.1).
func (s Signer) Sign(typ string, payload []byte) (string, error) {
	// A new one for each token: jws.Sign writes into it.
	header := jws.NewHeaders()
	if err := header.Set(jws.TypeKey, typ); err != nil {
		return "", err
	}
	if s.public.ID != "" {
		if err := header.Set(jws.KeyIDKey, s.public.ID); err != nil {
			return "", err
		}
	}
	raw, err := jws.Sign(payload, jws.WithKey(jwa.SignatureAlgorithm(s.public.algorithm), s.private, jws.WithProtectedHeaders(header)))
	return string(raw), err
}

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
