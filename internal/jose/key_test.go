package jose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"math/big"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJWKsHaveTheirFullLength(t *testing.T) {
	// One coordinate in 256 begins with a zero byte, which must not be dropped (RFC 7518
	// §6.2.1.2). ParseKeys requires 32 bytes.
	for range 400 {
		s, _, err := Generate(ES256, "key_one")
		if err != nil {
			t.Fatal(err)
		}
		jwk, err := s.Public().JWK()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseKeys([]byte(`{"keys":[`+string(jwk)+`]}`), ES256); len(got) != 1 {
			t.Fatalf("got %v, %v, want one key", got, err)
		}
	}
}

func TestAPrivateKeySurvivesWritingAndReading(t *testing.T) {
	for _, algorithm := range []string{EdDSA, ES256} {
		s, _, err := Generate(algorithm, "key_one")
		if err != nil {
			t.Fatal(err)
		}
		jwk, err := s.JWK()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseSigner(jwk, algorithm, "key_one")
		if err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(s.private, again.private) || !s.Public().Equal(again.Public()) {
			t.Errorf("%s: got another key back", algorithm)
		}
	}
}

// TestAKeyVerifiesWithItsOwnAlgorithmOnly: a public key cannot be used as an HS256 secret,
// and an unknown algorithm verifies nothing.
func TestAKeyVerifiesWithItsOwnAlgorithmOnly(t *testing.T) {
	signers := map[string]Signer{HS256: NewSecretSigner([]byte("0123456789abcdef0123456789abcdef"))}
	for _, algorithm := range []string{EdDSA, ES256} {
		s, _, err := Generate(algorithm, "k")
		if err != nil {
			t.Fatal(err)
		}
		signers[algorithm] = s
	}
	for by, s := range signers {
		raw, err := s.Sign(TypeJWT, []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		token, err := Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		for algorithm, other := range signers {
			if got := token.SignedBy(other.Public()); got != (algorithm == by) {
				t.Errorf("signed with %s, verified with %s: got %t", by, algorithm, got)
			}
			if token.SignedBy(newKey("k", algorithm, s.Public().material)) != (algorithm == by) {
				t.Errorf("the key of %s is also accepted for %s", by, algorithm)
			}
		}
		if token.SignedBy(newKey("k", "none", s.Public().material)) || token.SignedBy(Key{}) {
			t.Errorf("signed with %s: verified without an algorithm", by)
		}
	}
}

func TestAPrivateKeyIsOnItsCurve(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := encodeJWK(private, ES256, "k")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseSigner(jwk, ES256, "k"); err == nil {
		t.Error("a key on P-384 is taken for ES256")
	}
	if _, err := ParseSigner(jwk, EdDSA, "k"); err == nil {
		t.Error("a key on P-384 is taken for EdDSA")
	}
}

// TestAnotherFormOfASignatureIsTheSameToken: whoever has a revoked token must not get one
// that is not revoked by changing its signature.
func TestAnotherFormOfASignatureIsTheSameToken(t *testing.T) {
	s, _, err := Generate(ES256, "k")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := s.Sign(TypeJWT, []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	token, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	twin := token
	half := new(big.Int).SetBytes(token.signature[32:])
	twin.signature = append(slices.Clone(token.signature[:32]), new(big.Int).Sub(elliptic.P256().Params().N, half).FillBytes(make([]byte, 32))...)
	if !twin.SignedBy(s.Public()) {
		t.Fatal("the second form of the signature is not valid; this test needs it")
	}
	if twin.Digest() != token.Digest() || len(token.Digest()) != 64 {
		t.Errorf("got %s and %s, want the same", token.Digest(), twin.Digest())
	}
}
