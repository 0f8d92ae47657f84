package bearer

import (
	"crypto"
	"crypto/ecdsa"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
)

// BenchmarkVerify measures the cost of a token for one request, remembered and not.
func BenchmarkVerify(b *testing.B) {
	secret := []byte(strings.Repeat("s", 32))
	edPrivate, ecPrivate := newEdKey(b), newECKey(b)
	for _, alg := range []struct {
		method    jwt.SigningMethod
		signing   any
		verifying jose.Key
	}{
		{jwt.SigningMethodHS256, secret, jose.Secret(secret)},
		{jwt.SigningMethodEdDSA, edPrivate, parsed(b, edPrivate)},
		{jwt.SigningMethodES256, ecPrivate, parsed(b, ecPrivate)},
	} {
		name := alg.method.Alg()
		token, err := jwt.NewWithClaims(alg.method, jwt.MapClaims{
			"iss": "better-auth", "aud": "fastapi-backend", "sub": "usr_abcdefghijklmnopqrstuvwxyz",
			"sid": "ses_abcdefghijklmnopqrstuvwxyz", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		}).SignedString(alg.signing)
		if err != nil {
			b.Fatal(err)
		}
		ring := newKeyring([]jose.Key{alg.verifying})
		v := &Verifier{now: time.Now, own: &trust{
			algorithm: name, issuer: "better-auth", audience: "fastapi-backend",
			keys: secrets{ring}, scopes: scopes,
		}}
		run := func(b *testing.B, forget bool) {
			b.ReportAllocs()
			for b.Loop() {
				if forget {
					ring.verified.Purge()
				}
				if _, err := v.verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.Run(name+"/first", func(b *testing.B) { run(b, true) })
		b.Run(name+"/remembered", func(b *testing.B) { run(b, false) })
	}
}

// parsed is the public key of private, read from a JWKS without a kid.
func parsed(tb testing.TB, private crypto.Signer) jose.Key {
	tb.Helper()
	algorithm := jose.EdDSA
	if _, ok := private.(*ecdsa.PrivateKey); ok {
		algorithm = jose.ES256
	}
	k, err := jose.ParseKey([]byte(jwkOf(tb, "", private)), algorithm)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}
