package api

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// BenchmarkVerify is what one request pays for its token, remembered and not.
func BenchmarkVerify(b *testing.B) {
	secret := []byte(strings.Repeat("s", 32))
	edPublic, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	ecPrivate, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	for _, alg := range []struct {
		method             jwt.SigningMethod
		signing, verifying any
	}{
		{jwt.SigningMethodHS256, secret, secret},
		{jwt.SigningMethodEdDSA, edPrivate, edPublic},
		{jwt.SigningMethodES256, ecPrivate, &ecPrivate.PublicKey},
	} {
		name := alg.method.Alg()
		token, err := jwt.NewWithClaims(alg.method, jwt.MapClaims{
			"iss": "better-auth", "aud": "fastapi-backend", "sub": "usr_abcdefghijklmnopqrstuvwxyz",
			"sid": "ses_abcdefghijklmnopqrstuvwxyz", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		}).SignedString(alg.signing)
		if err != nil {
			b.Fatal(err)
		}
		check, err := newSignatureCheck(name)
		if err != nil {
			b.Fatal(err)
		}
		ring := newKeyring([]key{{material: alg.verifying}})
		v := &verifier{now: time.Now, own: &trust{
			algorithm: name, issuer: "better-auth", audience: "fastapi-backend",
			check: check, keys: secrets{ring}, scopes: scopeAll,
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
