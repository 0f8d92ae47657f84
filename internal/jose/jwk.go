package jose

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ParseKeys reads the keys of a JWK set (RFC 7517 §5) that fit algorithm. It skips others,
// as the RFC asks: a set may hold keys for other algorithms and uses. A set without a
// fitting key is an error, so that an empty or wrong answer never replaces known keys.
func ParseKeys(body []byte, algorithm string) ([]Key, error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("not a JWK set: %w", err)
	}
	var keys []Key
	for _, raw := range set.Keys {
		if k, err := ParseKey(raw, algorithm); err == nil {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("none of its %d keys is for the issuer's algorithm, %s", len(set.Keys), algorithm)
	}
	return keys, nil
}

var errUnfit = errors.New("not a key for this algorithm")

// ParseKey reads only the public part of a JWK. The key's own alg, use and key_ops must
// fit: a key for another algorithm or for encryption verifies nothing here (RFC 8725 §3.1).
func ParseKey(raw []byte, algorithm string) (Key, error) {
	var k struct {
		Type      string   `json:"kty"`
		Curve     string   `json:"crv"`
		Algorithm string   `json:"alg"`
		Use       string   `json:"use"`
		Ops       []string `json:"key_ops"`
		ID        string   `json:"kid"`
		X         string   `json:"x"`
		Y         string   `json:"y"`
		N         string   `json:"n"`
		E         string   `json:"e"`
	}
	if err := json.Unmarshal(raw, &k); err != nil {
		return Key{}, fmt.Errorf("not a JWK: %w", err)
	}
	if k.Algorithm != "" && k.Algorithm != algorithm ||
		k.Use != "" && k.Use != "sig" ||
		k.Ops != nil && !slices.Contains(k.Ops, "verify") {
		return Key{}, errUnfit
	}
	var public any
	var err error
	switch {
	case algorithm == RS256 && k.Type == "RSA":
		public, err = rsaKey(k.N, k.E)
	case algorithm == EdDSA && k.Type == "OKP" && k.Curve == "Ed25519":
		public, err = edKey(k.X)
	case algorithm == ES256 && k.Type == "EC" && k.Curve == "P-256":
		public, err = ecKey(k.X, k.Y)
	default:
		err = errUnfit
	}
	if err != nil {
		return Key{}, err
	}
	return newKey(k.ID, algorithm, public), nil
}

func edKey(encoded string) (ed25519.PublicKey, error) {
	x, err := decodeSegment(encoded)
	if err != nil {
		return nil, fmt.Errorf("x: %w", err)
	}
	if len(x) != ed25519.PublicKeySize {
		return nil, errUnfit
	}
	return x, nil
}

func ecKey(encodedX, encodedY string) (*ecdsa.PublicKey, error) {
	x, err1 := decodeSegment(encodedX)
	y, err2 := decodeSegment(encodedY)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("x or y: %w", err)
	}
	if len(x) != 32 || len(y) != 32 { // RFC 7518 §6.2.1.2: full length
		return nil, errUnfit
	}
	// This refuses a point that is not on the curve.
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, fmt.Errorf("point: %w", err)
	}
	return public, nil
}

// Sizes of RSA keys, in bits. Smaller keys can be broken (RFC 7518 §3.3). With larger keys
// a verification costs too much.
const (
	minRSA = 2048
	maxRSA = 8192
)

// rsaKey reads a modulus and an exponent, which are big-endian and without
// leading zeros (RFC 7518 §6.3.1).
func rsaKey(modulus, exponent string) (*rsa.PublicKey, error) {
	n, err1 := decodeSegment(modulus)
	e, err2 := decodeSegment(exponent)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("n or e: %w", err)
	}
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n)}
	if bits := public.N.BitLen(); bits < minRSA || bits > maxRSA || public.N.Bit(0) == 0 {
		return nil, errUnfit
	}
	if len(e) == 0 || len(e) > 4 || e[0] == 0 {
		return nil, errUnfit
	}
	for _, b := range e {
		public.E = public.E<<8 | int(b)
	}
	// An exponent of 1 makes every message its own signature.
	if public.E < 3 || public.E%2 == 0 || public.E > math.MaxInt32 {
		return nil, errUnfit
	}
	return public, nil
}
