package bearer

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
	"vestibule/internal/tokentest"
	"vestibule/internal/waittest"
)

var kidOne = map[string]any{"kid": "one"}

// federation is the API with its own shared secret and three further issuers, one for each
// algorithm. Their kids collide.
type federation struct {
	*surface
	tokentest.Federation
}

func newFederation(tb testing.TB) *federation {
	tb.Helper()
	f := &federation{Federation: tokentest.NewFederation(tb)}
	cfg := sharedSecretConfig()
	cfg.Issuers = []Issuer{
		{loginIssuer, "tasks", jose.EdDSA, serve(tb, f.Login) + "/jwks", []string{tasksRead}},
		{batchIssuer, "tasks", jose.ES256, serve(tb, f.Batch) + "/jwks", []string{tasksRead, tasksWrite}},
		{partnerIssuer, "tasks-of-partner", jose.RS256, serve(tb, f.Partner) + "/jwks", []string{tasksWrite}},
	}
	f.surface = startSurface(tb, cfg)
	f.runs(tb)
	return f
}

func (f *federation) waitForKeys(tb testing.TB) {
	tb.Helper()
	for _, t := range f.v.further {
		waittest.Until(tb, "keys", func() bool { return t.keys.ring() != nil })
	}
}

func TestIssuersAreNotConfused(t *testing.T) {
	f := newFederation(t)
	f.waitForKeys(t)
	const all = "tasks:read tasks:write"
	sign := func(method jwt.SigningMethod, key any, issuer, audience string) string {
		return mintWith(t, method, key, kidOne, foreignClaims(issuer, audience, all, nil))
	}
	public, err := x509.MarshalPKIXPublicKey(f.PartnerKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	armoured := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	twice := func(first, second string) string {
		payload := fmt.Sprintf(`{"iss":%q,"aud":["tasks",%q],"sub":%q,"scope":%q,"exp":%d,"iss":%q}`,
			first, testAudience, ada, all, noon.Unix()+300, second)
		input := segment(`{"alg":"EdDSA","kid":"one"}`) + "." + segment(payload)
		signature, err := f.LoginKey.Sign(rand.Reader, []byte(input), crypto.Hash(0))
		if err != nil {
			t.Fatal(err)
		}
		return input + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	for name, token := range map[string]string{
		"login's key, batch's name":          sign(jwt.SigningMethodEdDSA, f.LoginKey, batchIssuer, "tasks"),
		"batch's key, login's name":          sign(jwt.SigningMethodES256, f.BatchKey, loginIssuer, "tasks"),
		"partner's key, login's name":        sign(jwt.SigningMethodRS256, f.PartnerKey, loginIssuer, "tasks"),
		"login's key, our name":              sign(jwt.SigningMethodEdDSA, f.LoginKey, testIssuer, testAudience),
		"our secret, login's name":           sign(jwt.SigningMethodHS256, testSecret, loginIssuer, "tasks"),
		"login's audience with partner":      sign(jwt.SigningMethodRS256, f.PartnerKey, partnerIssuer, "tasks"),
		"partner's audience with login":      sign(jwt.SigningMethodEdDSA, f.LoginKey, loginIssuer, "tasks-of-partner"),
		"our audience with login":            sign(jwt.SigningMethodEdDSA, f.LoginKey, loginIssuer, testAudience),
		"an unknown issuer":                  sign(jwt.SigningMethodEdDSA, f.LoginKey, "https://evil.example.com", "tasks"),
		"an issuer with a slash more":        sign(jwt.SigningMethodEdDSA, f.LoginKey, loginIssuer+"/", "tasks"),
		"an issuer in capitals":              sign(jwt.SigningMethodEdDSA, f.LoginKey, strings.ToUpper(loginIssuer), "tasks"),
		"no issuer":                          mintWith(t, jwt.SigningMethodEdDSA, f.LoginKey, kidOne, foreignClaims("", "tasks", all, jwt.MapClaims{"iss": nil})),
		"an issuer in an array":              mintWith(t, jwt.SigningMethodEdDSA, f.LoginKey, kidOne, foreignClaims("", "tasks", all, jwt.MapClaims{"iss": []string{loginIssuer}})),
		"two issuers, login's first":         twice(loginIssuer, testIssuer),
		"two issuers, login's last":          twice(testIssuer, loginIssuer),
		"two issuers, both login's":          twice(loginIssuer, loginIssuer),
		"HS256 with the RSA key's PEM":       sign(jwt.SigningMethodHS256, armoured, partnerIssuer, "tasks-of-partner"),
		"HS256 with the RSA key's PEM, ours": sign(jwt.SigningMethodHS256, armoured, testIssuer, testAudience),
		"RS512 where RS256 is due":           sign(jwt.SigningMethodRS512, f.PartnerKey, partnerIssuer, "tasks-of-partner"),
		"PS256 where RS256 is due":           sign(jwt.SigningMethodPS256, f.PartnerKey, partnerIssuer, "tasks-of-partner"),
		"alg none":                           segment(`{"alg":"none","kid":"one"}`) + "." + segment(fmt.Sprintf(`{"iss":%q,"aud":"tasks","sub":"a","scope":%q,"exp":%d}`, loginIssuer, all, noon.Unix()+300)) + ".AA",
		"another key of the same kid":        sign(jwt.SigningMethodEdDSA, newEdKey(t), loginIssuer, "tasks"),
		"an expired name for another's key":  mintWith(t, jwt.SigningMethodEdDSA, f.LoginKey, kidOne, foreignClaims(batchIssuer, "tasks", all, jwt.MapClaims{"exp": 1})),
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				f.do(t, "GET", "/api/"+ada+"/tasks", "", auth(token)).isProblem(t, 401, "Invalid token")
			}
		})
	}
	t.Run("an expired one", func(t *testing.T) {
		token := mintWith(t, jwt.SigningMethodEdDSA, f.LoginKey, kidOne, foreignClaims(loginIssuer, "tasks", all, jwt.MapClaims{"exp": noon.Unix() - 60}))
		f.do(t, "GET", "/api/"+ada+"/tasks", "", auth(token)).isProblem(t, 401, "Token has expired")
	})
	for _, fetched := range []*issuer{f.Login, f.Batch, f.Partner} {
		if got := fetched.Fetches.Load(); got != 1 {
			t.Errorf("got %d fetches of keys, want 1: a token chooses none", got)
		}
	}
	f.log.Want(t, "compare JWT_ISSUERS")
}

func TestAnIssuerOutageDoesNotAffectOthers(t *testing.T) {
	key := newEdKey(t)
	down := &issuer{}
	down.Fails(503)
	cfg := sharedSecretConfig()
	cfg.Issuers = []Issuer{{loginIssuer, "tasks", jose.EdDSA, serve(t, down), []string{tasksRead}}}
	s := startSurface(t, cfg)
	s.runs(t)
	waittest.Until(t, "a fetch", func() bool { return down.Fetches.Load() > 0 })
	if err := s.v.Ready(); err != nil {
		t.Errorf("Ready: got %v, want nil", err)
	}
	s.tasks(t, mint(t, ada)).is(t, 200, "[]")
	token := mintWith(t, jwt.SigningMethodEdDSA, key, kidOne, foreignClaims(loginIssuer, "tasks", tasksRead, nil))
	res := s.tasks(t, token)
	res.isProblem(t, 503, "Tokens cannot be verified yet. Please try again.")
	if got := res.Header.Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After: got %q, want 2", got)
	}
	waittest.Until(t, "the setting in the log", func() bool { return strings.Contains(s.log.String(), "check JWT_ISSUERS") })

	down.Publishes(jwkOf(t, "one", key))
	waittest.Until(t, "keys", func() bool { return s.v.further[0].keys.ring() != nil })
	s.tasks(t, token).is(t, 200, "[]")
}

func TestAWithdrawnKeyOfAFurtherIssuerInvalidatesItsTokens(t *testing.T) {
	f := newFederation(t)
	f.waitForKeys(t)
	token := mintWith(t, jwt.SigningMethodEdDSA, f.LoginKey, kidOne, foreignClaims(loginIssuer, "tasks", tasksRead, nil))
	f.tasks(t, token).is(t, 200, "[]") // and now it is remembered
	fresh := newEdKey(t)
	f.Login.Publishes(jwkOf(t, "two", fresh))
	f.tasks(t, mintWith(t, jwt.SigningMethodEdDSA, fresh, map[string]any{"kid": "two"}, foreignClaims(loginIssuer, "tasks", tasksRead, nil))).is(t, 200, "[]")
	f.tasks(t, token).isProblem(t, 401, "Invalid token")
	f.tasks(t, mint(t, ada)).is(t, 200, "[]")
}

func TestOurAsymmetricIssuerNextToAFurtherOne(t *testing.T) {
	own, theirs := newEdKey(t), newEdKey(t)
	us, them := &issuer{}, &issuer{}
	us.Publishes(jwkOf(t, "one", own))
	them.Publishes(jwkOf(t, "one", theirs))
	cfg := Config{Algorithm: jose.EdDSA, Issuer: testIssuer, Audience: testAudience, JWKSURL: serve(t, us),
		Issuers: []Issuer{{loginIssuer, testAudience, jose.EdDSA, serve(t, them), []string{tasksRead}}}}
	s := startSurface(t, cfg)
	s.runs(t)
	s.waitUntilReady(t)
	waittest.Until(t, "keys", func() bool { return s.v.further[0].keys.ring() != nil })
	s.tasks(t, edToken(t, "one", own)).is(t, 200, "[]")
	s.tasks(t, edToken(t, "one", theirs)).isProblem(t, 401, "Invalid token")
	sign := func(key any) string {
		return mintWith(t, jwt.SigningMethodEdDSA, key, kidOne, foreignClaims(loginIssuer, testAudience, tasksRead, nil))
	}
	s.tasks(t, sign(theirs)).is(t, 200, "[]")
	s.tasks(t, sign(own)).isProblem(t, 401, "Invalid token")
}

func TestNewRefusesIssuersThatCannotBeTrusted(t *testing.T) {
	good := Issuer{loginIssuer, "tasks", jose.EdDSA, "https://login.example.com/jwks", []string{tasksRead}}
	for _, tc := range []struct {
		name   string
		change func(*Issuer)
	}{
		{"no name", func(i *Issuer) { i.Name = "" }},
		{"our own name", func(i *Issuer) { i.Name = testIssuer }},
		{"a name twice", func(i *Issuer) { i.Name = batchIssuer }},
		{"a name with the separator", func(i *Issuer) { i.Name = "a|b" }},
		{"no audience", func(i *Issuer) { i.Audience = "" }},
		{"a shared secret", func(i *Issuer) { i.Algorithm = jose.HS256 }},
		{"no algorithm", func(i *Issuer) { i.Algorithm = "" }},
		{"alg none", func(i *Issuer) { i.Algorithm = "none" }},
		{"no keys", func(i *Issuer) { i.JWKSURL = "" }},
		{"no scopes", func(i *Issuer) { i.Scopes = nil }},
		{"unknown scopes", func(i *Issuer) { i.Scopes = []string{"tasks:all"} }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bad := good
			tc.change(&bad)
			cfg := sharedSecretConfig()
			cfg.Issuers = []Issuer{{batchIssuer, "tasks", jose.ES256, "https://batch.example.com", []string{tasksRead}}, bad}
			if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "JWT_ISSUERS") {
				t.Errorf("got %v, want an error that names JWT_ISSUERS", err)
			}
		})
	}
	t.Run("our own algorithm is never RS256", func(t *testing.T) {
		cfg := Config{Algorithm: jose.RS256, Issuer: "a", Audience: "b", JWKSURL: "https://example.com"}
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "JWT_ALGORITHM") {
			t.Errorf("got %v, want an error that names JWT_ALGORITHM", err)
		}
	})
}
