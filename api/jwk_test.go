package api

import (
	"crypto/elliptic"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

func TestOnlyFittingKeysAreTaken(t *testing.T) {
	ed := jwkOf(t, "k", newEdKey(t))
	ec := jwkOf(t, "k", newECKey(t))
	replace := func(jwk, old, replacement string) string {
		t.Helper()
		if !strings.Contains(jwk, old) {
			t.Fatalf("%s has no %s", jwk, old)
		}
		return strings.Replace(jwk, old, replacement, 1)
	}
	encode := base64.RawURLEncoding.EncodeToString
	zeros := func(n int) string { return encode(make([]byte, n)) }
	point, err := newECKey(t).PublicKey.Bytes() // 4, x, y
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
			// Beside a good key: one bad member does not spoil a set.
			keys, err := parseJWKS([]byte(`{"keys":[`+tc.jwk+`]}`), tc.algorithm)
			if got := err == nil; got != tc.want {
				t.Errorf("got %v, %v, want taken: %t", keys, err, tc.want)
			}
			beside := map[string]string{EdDSA: jwkOf(t, "other", newEdKey(t)), ES256: jwkOf(t, "other", newECKey(t))}[tc.algorithm]
			if strings.Contains(tc.name, "twice") {
				return // not JSON that two parsers agree about: the whole set is refused
			}
			keys, err = parseJWKS([]byte(`{"keys":[`+tc.jwk+`,`+beside+`]}`), tc.algorithm)
			if want := map[bool]int{true: 2, false: 1}[tc.want]; err != nil || len(keys) != want {
				t.Errorf("beside a good key: got %d keys, %v, want %d", len(keys), err, want)
			}
		})
	}
}

func TestWhatIsNoKeySetIsRefused(t *testing.T) {
	for _, body := range []string{
		``, `null`, `[]`, `{}`, `{"keys":null}`, `{"keys":[]}`, `{"keys":{}}`, `{"keys":[],"keys":[]}`, `<html>`,
		`{"keys":[` + jwkOf(t, "a", newEdKey(t)) + `]} {}`,
	} {
		if keys, err := parseJWKS([]byte(body), EdDSA); err == nil {
			t.Errorf("%s: got %v, want an error", body, keys)
		}
	}
}

func TestATokenIsHeldAgainstTheKeyItNames(t *testing.T) {
	secret := func(s string) any { return []byte(s) }
	ring := newKeyring([]key{{"b", secret("b1")}, {"", secret("none")}, {"a", secret("a1")}, {"b", secret("b2")}})
	single := newKeyring([]key{{"a", secret("a1")}})
	for _, tc := range []struct {
		name string
		ring *keyring
		kid  string
		want string
	}{
		{"its own", ring, "a", "a1"},
		{"two of one name", ring, "b", "b1 b2"},
		{"no name, of several", ring, "", "none"},
		{"no name, of one", single, "", "a1"},
		{"an unknown name", ring, "c", ""},
		{"an unknown name, of one", single, "c", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, k := range tc.ring.named(tc.kid) {
				got = append(got, string(k.material.([]byte)))
			}
			if s := strings.Join(got, " "); s != tc.want {
				t.Errorf("got %q, want %q", s, tc.want)
			}
		})
	}
}

func TestUnchangedKeysKeepTheirTokens(t *testing.T) {
	ed, ec := newEdKey(t).Public(), newECKey(t).Public()
	one := newKeyring([]key{{"a", ed}, {"b", ec}})
	for _, tc := range []struct {
		name string
		keys []key
		want bool
	}{
		{"the same", []key{{"a", ed}, {"b", ec}}, true},
		{"in another order", []key{{"b", ec}, {"a", ed}}, true},
		{"another id", []key{{"a", ed}, {"c", ec}}, false},
		{"another Ed25519 key", []key{{"a", newEdKey(t).Public()}, {"b", ec}}, false},
		{"another P-256 key", []key{{"a", ed}, {"b", newECKey(t).Public()}}, false},
		{"another kind of key", []key{{"a", ec}, {"b", ed}}, false},
		{"one less", []key{{"a", ed}}, false},
		{"one more", []key{{"a", ed}, {"b", ec}, {"c", ec}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := one.sameKeys(newKeyring(tc.keys)); got != tc.want {
				t.Errorf("same keys: got %t, want %t", got, tc.want)
			}
		})
	}
}
