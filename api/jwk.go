package api

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"errors"
	"fmt"
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
		return nil, fmt.Errorf("none of its %d keys is for %s (compare JWT_ALGORITHM)", len(set.Keys), algorithm)
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
	}
	if err := json.Unmarshal(raw, &k); err != nil {
		return key{}, fmt.Errorf("not a JWK: %w", err)
	}
	if k.Algorithm != "" && k.Algorithm != algorithm ||
		k.Use != "" && k.Use != "sig" ||
		k.Ops != nil && !slices.Contains(k.Ops, "verify") {
		return key{}, errUnfit
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
