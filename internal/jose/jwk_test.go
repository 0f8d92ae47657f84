package jose

import (
	"bytes"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"vestibule/internal/tokentest"
)

func TestOnlyFittingKeysAreTaken(t *testing.T) {
	ed := tokentest.JWK(t, "k", tokentest.NewEdKey(t))
	ec := tokentest.JWK(t, "k", tokentest.NewECKey(t))
	replace := func(jwk, old, replacement string) string {
		t.Helper()
		if !strings.Contains(jwk, old) {
			t.Fatalf("%s has no %s", jwk, old)
		}
		return strings.Replace(jwk, old, replacement, 1)
	}
	encode := base64.RawURLEncoding.EncodeToString
	zeros := func(n int) string { return encode(make([]byte, n)) }
	point, err := tokentest.NewECKey(t).PublicKey.Bytes() // 4, x, y
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, algorithm, jwk string
		want                 bool
	}{
		{"Ed25519", EdDSA, ed, true},
		{"P-256", ES256, ec, true},
		{"without alg", EdDSA, replace(ed, `"alg":"EdDSA",`, ""), true},
		{"without use", EdDSA, replace(ed, `"use":"sig",`, ""), true},
		{"to verify with", EdDSA, replace(ed, `"use":"sig"`, `"key_ops":["verify"]`), true},
		{"with other members", EdDSA, replace(ed, `"use"`, `"x5c":["AAAA"],"use"`), true},
		{"Ed25519 for ES256", ES256, ed, false},
		{"P-256 for EdDSA", EdDSA, ec, false},
		{"of another alg", EdDSA, replace(ed, `"EdDSA"`, `"HS256"`), false},
		{"an alg in lower case", EdDSA, replace(ed, `"EdDSA"`, `"eddsa"`), false},
		{"for encryption", EdDSA, replace(ed, `"sig"`, `"enc"`), false},
		{"to sign with", EdDSA, replace(ed, `"use":"sig"`, `"key_ops":["sign"]`), false},
		{"X25519", EdDSA, replace(ed, `"Ed25519"`, `"X25519"`), false},
		{"P-384 by name", ES256, replace(ec, `"P-256"`, `"P-384"`), false},
		{"kty OKP for EC", ES256, replace(ec, `"EC"`, `"OKP"`), false},
		{"a secret", EdDSA, `{"kty":"oct","alg":"EdDSA","kid":"k","k":"` + zeros(32) + `"}`, false},
		{"31 bytes", EdDSA, `{"kty":"OKP","crv":"Ed25519","kid":"k","x":"` + zeros(31) + `"}`, false},
		{"33 bytes", EdDSA, `{"kty":"OKP","crv":"Ed25519","kid":"k","x":"` + zeros(33) + `"}`, false},
		{"without x", EdDSA, `{"kty":"OKP","crv":"Ed25519","kid":"k"}`, false},
		{"padded", EdDSA, replace(ed, `"}`, `="}`), false},
		{"a point off the curve", ES256, fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, zeros(32), zeros(32)), false},
		{"coordinates over the field", ES256, fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`,
			encode(elliptic.P256().Params().P.Bytes()), zeros(32)), false},
		{"a point cut in the wrong place", ES256, fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, encode(point[1:32]), encode(point[32:])), false},
		{"a short coordinate", ES256, `{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`, false},
		{"x twice", EdDSA, replace(ed, `"kty"`, `"x":"`+zeros(32)+`","kty"`), false},
		{"x a number", EdDSA, `{"kty":"OKP","crv":"Ed25519","x":1}`, false},
		{"null", EdDSA, `null`, false},
		{"a string", EdDSA, `"k"`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// Next to a good key: one bad key does not spoil the set.
			keys, err := ParseKeys([]byte(`{"keys":[`+tc.jwk+`]}`), tc.algorithm)
			if got := err == nil; got != tc.want {
				t.Errorf("got %v, %v, want accepted: %t", keys, err, tc.want)
			}
			beside := map[string]string{EdDSA: tokentest.JWK(t, "other", tokentest.NewEdKey(t)), ES256: tokentest.JWK(t, "other", tokentest.NewECKey(t))}[tc.algorithm]
			if strings.Contains(tc.name, "twice") {
				return // parsers disagree about such JSON: the whole set is refused
			}
			keys, err = ParseKeys([]byte(`{"keys":[`+tc.jwk+`,`+beside+`]}`), tc.algorithm)
			if want := map[bool]int{true: 2, false: 1}[tc.want]; err != nil || len(keys) != want {
				t.Errorf("next to a good key: got %d keys, %v, want %d", len(keys), err, want)
			}
		})
	}
}

func TestAnInvalidKeySetIsRefused(t *testing.T) {
	for _, body := range []string{
		``, `null`, `[]`, `{}`, `{"keys":null}`, `{"keys":[]}`, `{"keys":{}}`, `{"keys":[],"keys":[]}`, `<html>`,
		`{"keys":[` + tokentest.JWK(t, "a", tokentest.NewEdKey(t)) + `]} {}`,
	} {
		if keys, err := ParseKeys([]byte(body), EdDSA); err == nil {
			t.Errorf("%s: got %v, want an error", body, keys)
		}
	}
}

// TestExponentsOfRSAKeys: an even exponent has no inverse. With exponent 1 every message is
// its own signature. An exponent longer than a machine word would be read as another
// number.
func TestExponentsOfRSAKeys(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	modulus := encode(append([]byte{0x80}, bytes.Repeat([]byte{1}, 255)...))
	for _, tt := range []struct {
		name     string
		exponent []byte
		want     bool
	}{
		{"65537", []byte{1, 0, 1}, true},
		{"3", []byte{3}, true},
		{"the greatest", []byte{0x7f, 0xff, 0xff, 0xff}, true},
		{"none", nil, false},
		{"0", []byte{0}, false},
		{"1", []byte{1}, false},
		{"2", []byte{2}, false},
		{"even", []byte{1, 0, 0}, false},
		{"a leading zero", []byte{0, 1, 0, 1}, false},
		{"too great for some", []byte{0x80, 0, 0, 1}, false},
		{"too great for a word", []byte{1, 0, 0, 0, 0, 0, 1, 0, 1}, false},
	} {
		if _, err := rsaKey(modulus, encode(tt.exponent)); (err == nil) != tt.want {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}

func TestRSAKeysMustBeStrong(t *testing.T) {
	n := tokentest.NewRSAKey(t, 2048).N
	short := tokentest.NewRSAKey(t, 1024).N
	even := new(big.Int).Sub(n, big.NewInt(1))
	huge := new(big.Int).Or(new(big.Int).Lsh(big.NewInt(1), 8192), big.NewInt(1))
	replace := func(old, replacement string) string {
		return strings.Replace(tokentest.RSAJWK("k", n, 65537), old, replacement, 1)
	}
	for _, tc := range []struct {
		name, jwk string
		want      bool
	}{
		{"2048 bits", tokentest.RSAJWK("k", n, 65537), true},
		{"an exponent of 3", tokentest.RSAJWK("k", n, 3), true},
		{"without alg", replace(`"alg":"RS256",`, ""), true},
		{"1024 bits", tokentest.RSAJWK("k", short, 65537), false},
		{"8193 bits", tokentest.RSAJWK("k", huge, 65537), false},
		{"an even modulus", tokentest.RSAJWK("k", even, 65537), false},
		{"an exponent of 1", tokentest.RSAJWK("k", n, 1), false},
		{"an exponent of 2", tokentest.RSAJWK("k", n, 2), false},
		{"an exponent of 33 bits", tokentest.RSAJWK("k", n, 1<<32+1), false},
		{"an exponent of 32 bits", tokentest.RSAJWK("k", n, 1<<31+1), false},
		{"no exponent", replace(`"e":"AQAB"`, `"e":""`), false},
		{"an exponent with a leading zero", replace(`"e":"AQAB"`, `"e":"AAEAAQ"`), false},
		{"no modulus", tokentest.RSAJWK("k", big.NewInt(0), 65537), false},
		{"another alg", replace("RS256", "PS256"), false},
		{"for encryption", replace(`"sig"`, `"enc"`), false},
		{"a padded exponent", replace(`"AQAB"`, `"AQAB="`), false},
		{"an Ed25519 key", tokentest.JWK(t, "k", tokentest.NewEdKey(t)), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			keys, err := ParseKeys([]byte(`{"keys":[`+tc.jwk+`]}`), RS256)
			if got := err == nil && len(keys) == 1; got != tc.want {
				t.Errorf("got %v, %v, want accepted: %t", keys, err, tc.want)
			}
		})
	}
	t.Run("the same and another one", func(t *testing.T) {
		key := func(n *big.Int) Key { return newKey("k", RS256, &rsa.PublicKey{N: n, E: 3}) }
		if !key(n).Equal(key(n)) || key(n).Equal(key(short)) {
			t.Error("got another answer than whether the keys are the same")
		}
	})
}
