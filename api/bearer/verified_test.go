package bearer

import (
	"crypto"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/internal/jose"
)

func TestATokenIsVerifiedWithTheKeyThatItNames(t *testing.T) {
	secret := func(kid, s string) jose.Key {
		k := jose.Secret([]byte(s))
		k.ID = kid
		return k
	}
	ring := newKeyring([]jose.Key{secret("b", "b1"), secret("", "none"), secret("a", "a1"), secret("b", "b2")})
	single := newKeyring([]jose.Key{secret("a", "a1")})
	signedBy := func(k jose.Key) string {
		for _, s := range []string{"none", "a1", "b1", "b2"} {
			signed, err := jose.Parse(forge("{}", "{}", []byte(s)))
			if err != nil {
				t.Fatal(err)
			}
			if signed.SignedBy(k) {
				return s
			}
		}
		return "?"
	}
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
				got = append(got, signedBy(k))
			}
			if s := strings.Join(got, " "); s != tc.want {
				t.Errorf("got %q, want %q", s, tc.want)
			}
		})
	}
}

func TestUnchangedKeysKeepTheirTokens(t *testing.T) {
	named := func(kid string, private crypto.Signer) jose.Key {
		k := parsed(t, private)
		k.ID = kid
		return k
	}
	ed, ec := newEdKey(t), newECKey(t)
	one := newKeyring([]jose.Key{named("a", ed), named("b", ec)})
	for _, tc := range []struct {
		name string
		keys []jose.Key
		want bool
	}{
		{"the same", []jose.Key{named("a", ed), named("b", ec)}, true},
		{"in another order", []jose.Key{named("b", ec), named("a", ed)}, true},
		{"another id", []jose.Key{named("a", ed), named("c", ec)}, false},
		{"another Ed25519 key", []jose.Key{named("a", newEdKey(t)), named("b", ec)}, false},
		{"another P-256 key", []jose.Key{named("a", ed), named("b", newECKey(t))}, false},
		{"another kind of key", []jose.Key{named("a", ec), named("b", ed)}, false},
		{"one less", []jose.Key{named("a", ed)}, false},
		{"one more", []jose.Key{named("a", ed), named("b", ec), named("c", ec)}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := one.sameKeys(newKeyring(tc.keys)); got != tc.want {
				t.Errorf("same keys: got %t, want %t", got, tc.want)
			}
		})
	}
}

func TestOnlyGoodTokensAreRemembered(t *testing.T) {
	s := newSurface(t)
	remembered := s.v.own.keys.ring().verified
	for _, bad := range []string{
		"x",
		forge(plainHeader, payloadWith("exp", "0"), testSecret),
		forge(plainHeader, payloadWith("sub", `""`), testSecret),
		forge(plainHeader, payload(""), []byte("another")),
	} {
		s.do(t, "GET", "/api/me/tasks", "", auth(bad))
	}
	if got := remembered.Len(); got != 0 {
		t.Errorf("got %d remembered after bad tokens, want 0", got)
	}
	for range 3 {
		s.do(t, "GET", "/api/me/tasks", "", auth(mint(t, ada))).is(t, http.StatusOK, "[]")
	}
	if got := remembered.Len(); got != 1 {
		t.Errorf("got %d remembered after one good token, want 1", got)
	}
}

func TestARememberedTokenStillExpires(t *testing.T) {
	s := newSurface(t)
	token := auth(mint(t, ada)) // until 12:05
	for range 2 {
		s.do(t, "GET", "/api/me/tasks", "", token).is(t, http.StatusOK, "[]")
	}
	s.clock.Set(noon.Add(5*time.Minute + 29*time.Second))
	s.do(t, "GET", "/api/me/tasks", "", token).is(t, http.StatusOK, "[]")
	s.clock.Set(noon.Add(5*time.Minute + 30*time.Second))
	s.do(t, "GET", "/api/me/tasks", "", token).isProblem(t, http.StatusUnauthorized, "Token has expired")
	s.clock.Set(noon.Add(-time.Hour))
	s.do(t, "GET", "/api/me/tasks", "", token).isProblem(t, http.StatusUnauthorized, "Invalid token")
}
