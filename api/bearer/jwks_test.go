package bearer

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
	"vestibule/internal/waittest"
)

// newKeyedSurface starts an API against an issuer that publishes keys.
func newKeyedSurface(tb testing.TB, algorithm string, i *issuer) *surface {
	tb.Helper()
	s := startSurface(tb, Config{Algorithm: algorithm, Issuer: testIssuer, Audience: testAudience, JWKSURL: serve(tb, i) + "/jwks"})
	s.runs(tb)
	return s
}

func (s *surface) waitUntilReady(tb testing.TB) {
	tb.Helper()
	waittest.Until(tb, "Ready", func() bool { return s.v.Ready() == nil })
}

func (s *surface) tasks(tb testing.TB, token string) reply {
	tb.Helper()
	return s.do(tb, "GET", "/api/me/tasks", "", auth(token))
}

func edToken(tb testing.TB, kid string, key ed25519.PrivateKey) string {
	tb.Helper()
	return mintWith(tb, jwt.SigningMethodEdDSA, key, map[string]any{"kid": kid}, goodClaims(ada))
}

func TestTokensAreVerifiedWithPublishedKeys(t *testing.T) {
	ed, ec := newEdKey(t), newECKey(t)
	for _, tc := range []struct {
		algorithm string
		method    jwt.SigningMethod
		key       crypto.Signer
		other     crypto.Signer
	}{
		{jose.EdDSA, jwt.SigningMethodEdDSA, ed, newEdKey(t)},
		{jose.ES256, jwt.SigningMethodES256, ec, newECKey(t)},
	} {
		t.Run(tc.algorithm, func(t *testing.T) {
			i := &issuer{}
			i.Publishes(jwkOf(t, "ed", ed), jwkOf(t, "ec", ec), `{"kty":"RSA","kid":"rsa","n":"AQAB","e":"AQAB"}`)
			s := newKeyedSurface(t, tc.algorithm, i)
			s.waitUntilReady(t)
			kid := map[string]any{"kid": map[string]string{jose.EdDSA: "ed", jose.ES256: "ec"}[tc.algorithm]}

			s.tasks(t, mintWith(t, tc.method, tc.key, kid, goodClaims(ada))).is(t, 200, "[]")
			s.tasks(t, mintWith(t, tc.method, tc.key, nil, goodClaims(ada))).is(t, 200, "[]")

			public, err := x509.MarshalPKIXPublicKey(tc.key.Public())
			if err != nil {
				t.Fatal(err)
			}
			armoured := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
			var bare []byte
			if p, ok := tc.key.Public().(ed25519.PublicKey); ok {
				bare = p
			}
			for name, token := range map[string]string{
				"another key":             mintWith(t, tc.method, tc.other, kid, goodClaims(ada)),
				"HS256 with the PEM":      mintWith(t, jwt.SigningMethodHS256, armoured, kid, goodClaims(ada)),
				"HS256 with the key":      mintWith(t, jwt.SigningMethodHS256, bare, kid, goodClaims(ada)),
				"HS256 with the JWK":      mintWith(t, jwt.SigningMethodHS256, []byte(jwkOf(t, "ed", ed)), kid, goodClaims(ada)),
				"the name, HS256 inside":  forge(`{"alg":"`+tc.algorithm+`"}`, payload(""), armoured),
				"a signature of zeros":    segment(`{"alg":"`+tc.algorithm+`"}`) + "." + segment(payload("")) + "." + segment(strings.Repeat("\x00", 64)),
				"a signature of one byte": segment(`{"alg":"`+tc.algorithm+`"}`) + "." + segment(payload("")) + ".AA",
				"a key of its own":        mintWith(t, tc.method, tc.other, map[string]any{"jwk": map[string]string{"kty": "OKP"}}, goodClaims(ada)),
			} {
				t.Run(name, func(t *testing.T) {
					s.tasks(t, token).isProblem(t, 401, "Invalid token")
				})
			}
		})
	}
}

func TestWithoutAnyKeyNothingCanBeJudged(t *testing.T) {
	key := newEdKey(t)
	i := &issuer{}
	i.Fails(503)
	s := newKeyedSurface(t, jose.EdDSA, i)
	waittest.Until(t, "a fetch", func() bool { return i.Fetches.Load() > 0 })

	if err := s.v.Ready(); err == nil || !strings.Contains(err.Error(), "JWKS_URL") {
		t.Errorf("Ready: got %v, want an error that names JWKS_URL", err)
	}
	res := s.tasks(t, edToken(t, "a", key))
	res.isProblem(t, 503, "Tokens cannot be verified yet. Please try again.")
	if got := res.Header.Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After: got %q, want 2", got)
	}
	s.tasks(t, mint(t, ada)).isProblem(t, 401, "Invalid token") // HS256 is never accepted here
	waittest.Until(t, "JWKS_URL in the log", func() bool { return strings.Contains(s.log.String(), "check JWKS_URL") })

	i.Publishes(jwkOf(t, "a", key))
	s.waitUntilReady(t)
	s.tasks(t, edToken(t, "a", key)).is(t, 200, "[]")
}

func TestATokenWithoutAKidCausesNoFetch(t *testing.T) {
	i := &issuer{}
	i.Publishes(jwkOf(t, "a", newEdKey(t)), jwkOf(t, "b", newEdKey(t)))
	s := newKeyedSurface(t, jose.EdDSA, i)
	s.waitUntilReady(t)
	s.tasks(t, mintWith(t, jwt.SigningMethodEdDSA, newEdKey(t), nil, goodClaims(ada))).isProblem(t, 401, "Invalid token")
	if got := i.Fetches.Load(); got != 1 {
		t.Errorf("got %d fetches, want 1", got)
	}
}

func TestARotationUnderLoadFailsNoRequest(t *testing.T) {
	old, fresh := newEdKey(t), newEdKey(t)
	i := &issuer{}
	i.Publishes(jwkOf(t, "old", old))
	s := newKeyedSurface(t, jose.EdDSA, i)
	s.waitUntilReady(t)
	tokens := [2]string{edToken(t, "old", old), edToken(t, "new", fresh)}
	s.tasks(t, tokens[0]).is(t, 200, "[]")
	before := i.Fetches.Load()

	i.Answers(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond) // so that others arrive while the fetch is under way
		_, _ = io.WriteString(w, `{"keys":[`+jwkOf(t, "new", fresh)+`,`+jwkOf(t, "old", old)+`]}`)
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := range 40 {
				s.tasks(t, tokens[n%2]).is(t, 200, "[]")
			}
		})
	}
	wg.Wait()
	if got := i.Fetches.Load() - before; got != 1 {
		t.Errorf("got %d fetches, want 1", got)
	}
}

func TestAWithdrawnKeyInvalidatesItsTokens(t *testing.T) {
	old, fresh := newEdKey(t), newEdKey(t)
	i := &issuer{}
	i.Publishes(jwkOf(t, "old", old))
	s := newKeyedSurface(t, jose.EdDSA, i)
	s.waitUntilReady(t)
	token := edToken(t, "old", old)
	s.tasks(t, token).is(t, 200, "[]") // and now it is remembered

	i.Publishes(jwkOf(t, "new", fresh))
	s.tasks(t, edToken(t, "new", fresh)).is(t, 200, "[]")
	s.tasks(t, token).isProblem(t, 401, "Invalid token")
}

func TestABadAnswerLeavesKnownKeysAlone(t *testing.T) {
	key, other := newEdKey(t), newEdKey(t)
	elsewhere := &issuer{}
	elsewhere.Publishes(jwkOf(t, "new", other))
	elsewhereURL := serve(t, elsewhere)
	known := jwkOf(t, "known", key)
	for name, answer := range map[string]http.HandlerFunc{
		"an outage":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
		"no answer":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"an HTML 200": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Bad gateway</html>") },
		"no keys":     func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"keys":[]}`) },
		"keys of another algorithm": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"keys":[{"kty":"RSA","kid":"new"}]}`)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhereURL, http.StatusFound) },
		"100 KiB": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"keys":[`+jwkOf(t, "new", other)+`]}`+strings.Repeat(" ", 100<<10))
		},
		"an answer cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"keys":[`+jwkOf(t, "new", other)+`]}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			i := &issuer{}
			i.Publishes(known)
			s := newKeyedSurface(t, jose.EdDSA, i)
			s.waitUntilReady(t)
			i.Answers(answer)
			before := i.Fetches.Load()
			s.tasks(t, edToken(t, "new", other)).isProblem(t, 401, "Invalid token")
			if got := i.Fetches.Load() - before; got != 1 {
				t.Errorf("got %d fetches, want 1", got)
			}
			s.tasks(t, edToken(t, "known", key)).is(t, 200, "[]")
			if err := s.v.Ready(); err != nil {
				t.Errorf("Ready: got %v, want nil", err)
			}
		})
	}
	if got := elsewhere.Fetches.Load(); got != 0 {
		t.Errorf("got %d requests at a redirect's target, want none", got)
	}
}
