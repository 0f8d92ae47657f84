package api

import (
	"fmt"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// This is the only file of the package that touches jwx, and it uses the one
// part of it that cannot be talked into anything: given an algorithm and a
// key, is this the signature of these bytes? jwx's parsers are left out. They
// accept the JSON serialisation, unknown crit and b64, missing exp and exp 0,
// and a second reading of the header is a second opinion about it.

// signatureCheck says whether signature is key's signature over input.
type signatureCheck func(input, signature []byte, key any) bool

// newSignatureCheck returns the check of one algorithm. Its keys are []byte
// for HS256, ed25519.PublicKey for EdDSA, *ecdsa.PublicKey for ES256 and
// *rsa.PublicKey for RS256.
func newSignatureCheck(algorithm string) (signatureCheck, error) {
	switch algorithm {
	case HS256, EdDSA, ES256, RS256:
	default:
		return nil, fmt.Errorf("%q is not HS256, EdDSA or ES256", algorithm)
	}
	verifier, err := jws.NewVerifier(jwa.SignatureAlgorithm(algorithm))
	if err != nil {
		return nil, err
	}
	return func(input, signature []byte, key any) bool {
		return verifier.Verify(input, signature, key) == nil
	}, nil
}
