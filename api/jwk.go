package api

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

// parseJWKS reads the keys of a JWK set (RFC 7517 §5) that fit algorithm.
// Others are passed over as the RFC asks: a set may hold keys of other
// algorithms and of other uses. A set without a fitting key is an error, so
// that an emptied or mistaken answer never takes the place of known keys.
func parseJWKS(body []byte, algorithm string) ([]key, error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("not a JWK set: %w", err)
	}
	var keys []key
	for _, raw := range set.Keys {
		if k, err := parseJWK(raw, algorithm); err == nil {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("none of its %d keys is for %s, the algorithm of this issuer", len(set.Keys), algorithm)
	}
	return keys, nil
}

var errUnfit = errors.New("not a key for this algorithm")

// parseJWK reads one public key. What it says of itself must fit: a key made
// for another algorithm or for encryption verifies nothing here (RFC 8725 §3.1).
func parseJWK(raw []byte, algorithm string) (key, error) {
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
		return key{}, fmt.Errorf("not a JWK: %w", err)
	}
	if k.Algorithm != "" && k.Algorithm != algorithm ||
		k.Use != "" && k.Use != "sig" ||
		k.Ops != nil && !slices.Contains(k.Ops, "verify") {
		return key{}, errUnfit
	}
	if algorithm == RS256 && k.Type == "RSA" {
		public, err := rsaKey(k.N, k.E)
		return key{id: k.ID, material: public}, err
	}
	x, err := decodeSegment(k.X)
	if err != nil {
		return key{}, fmt.Errorf("x: %w", err)
	}
	switch {
	case algorithm == EdDSA && k.Type == "OKP" && k.Curve == "Ed25519" && len(x) == ed25519.PublicKeySize:
		return key{id: k.ID, material: ed25519.PublicKey(x)}, nil
	case algorithm == ES256 && k.Type == "EC" && k.Curve == "P-256":
		y, err := decodeSegment(k.Y)
		if err != nil {
			return key{}, fmt.Errorf("y: %w", err)
		}
		if len(x) != 32 || len(y) != 32 { // RFC 7518 §6.2.1.2: of full length
			return key{}, errUnfit
		}
		// Refuses a point that is not on the curve.
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		if err != nil {
			return key{}, fmt.Errorf("point: %w", err)
		}
		return key{id: k.ID, material: public}, nil
	}
	return key{}, errUnfit
}

// Sizes of RSA keys, in bits. Below the first they can be broken (RFC 7518
// §3.3); beyond the second a verification costs more than a request should.
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
