package api

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
)

const (
	loginIssuer  = "https://login.example.com"
	batchIssuer  = "https://batch.example.com/realms/one"
	partnerTrust = "https://partner.example.com"
)

// federation is the API with a shared secret of its own and three further
// issuers, one of each algorithm.
type federation struct {
	*surface
	login, batch, partner          *issuer
	loginKey, batchKey, partnerKey crypto.Signer
}

func newFederation(tb testing.TB) *federation {
	tb.Helper()
	partnerKey := newRSAKey(tb, 2048)
	f := &federation{
		login: &issuer{}, batch: &issuer{}, partner: &issuer{},
		loginKey: newEdKey(tb), batchKey: newECKey(tb), partnerKey: partnerKey,
	}
	// The kids collide.
	f.login.Publishes(jwkOf(tb, "one", f.loginKey))
	f.batch.Publishes(jwkOf(tb, "one", f.batchKey))
	f.partner.Publishes(rsaJWK("one", partnerKey.N, partnerKey.E))
	cfg := sharedSecretConfig()
	cfg.Issuers = []Issuer{
		{loginIssuer, "tasks", jose.EdDSA, serve(tb, f.login) + "/jwks", []string{TasksRead}},
		{batchIssuer, "tasks", jose.ES256, serve(tb, f.batch) + "/jwks", []string{TasksRead, TasksWrite}},
		{partnerTrust, "tasks-of-partner", jose.RS256, serve(tb, f.partner) + "/jwks", []string{TasksWrite}},
	}
	st := sqlite(tb)
	f.surface = startSurface(tb, cfg, Deps{Tasks: st})
	f.store = st
	f.runs(tb)
	return f
}

func (f *federation) waitForKeys(tb testing.TB) {
	tb.Helper()
	for _, j := range f.server.furtherKeys {
		eventually(tb, "keys", func() bool { return j.ring() != nil })
	}
}

// foreignClaims are those of a good token of an issuer for the service 42.
func foreignClaims(issuer, audience, scope string, changes jwt.MapClaims) jwt.MapClaims {
	c := goodClaims("42")
	c["iss"], c["aud"], c["scope"] = issuer, audience, scope
	maps.Copy(c, changes)
	for name, value := range c {
		if value == nil {
			delete(c, name)
		}
	}
	return c
}

var kidOne = map[string]any{"kid": "one"}

func TestFurtherIssuersOpenWhatTheyWereGiven(t *testing.T) {
	f := newFederation(t)
	f.waitForKeys(t)
	const all = "tasks:read tasks:write"
	login := func(scope string, changes jwt.MapClaims) string {
		return mintWith(t, jwt.SigningMethodEdDSA, f.loginKey, kidOne, foreignClaims(loginIssuer, "tasks", scope, changes))
	}
	batch := mintWith(t, jwt.SigningMethodES256, f.batchKey, kidOne, foreignClaims(batchIssuer, "tasks", all, nil))
	partner := mintWith(t, jwt.SigningMethodRS256, f.partnerKey, kidOne, foreignClaims(partnerTrust, "tasks-of-partner", all, nil))
	const tooLittle = "Insufficient scope"
	for _, tc := range []struct {
		name, token, method, path string
		status                    int
		detail                    string
	}{
		{"EdDSA reads ada's", login(all, nil), "GET", "/api/" + ada + "/tasks", 200, ""},
		{"EdDSA reads bob's", login(all, nil), "GET", "/api/" + bob + "/tasks", 200, ""},
		{"what was not given stays closed", login(all, nil), "POST", "/api/" + ada + "/tasks", 403, tooLittle},
		{"a scope that was not given", login(TasksWrite, nil), "GET", "/api/" + ada + "/tasks", 403, tooLittle},
		{"no scope", login("", jwt.MapClaims{"scope": nil}), "GET", "/api/" + ada + "/tasks", 403, tooLittle},
		{"a malformed scope", login("", jwt.MapClaims{"scope": []string{TasksRead}}), "GET", "/api/" + ada + "/tasks", 401, "Invalid token"},
		{"without a kid", mintWith(t, jwt.SigningMethodEdDSA, f.loginKey, nil, foreignClaims(loginIssuer, "tasks", all, nil)), "GET", "/api/" + ada + "/tasks", 200, ""},
		{"among other audiences", login(all, jwt.MapClaims{"aud": []string{"x", "tasks"}}), "GET", "/api/" + ada + "/tasks", 200, ""},
		{"ES256 writes", batch, "POST", "/api/" + ada + "/tasks", 201, ""},
		{"ES256 reads", batch, "GET", "/api/" + ada + "/tasks", 200, ""},
		{"RS256 writes", partner, "POST", "/api/" + bob + "/tasks", 201, ""},
		{"RS256 does not read", partner, "GET", "/api/" + bob + "/tasks", 403, tooLittle},
		{"our own users beside them", mint(t, ada), "GET", "/api/" + ada + "/tasks", 200, ""},
		{"our own services beside them", forge(plainHeader, strings.TrimSuffix(payloadWith("sub", `"svc_a"`), "}")+`,"scope":"tasks:read"}`, testSecret), "GET", "/api/" + ada + "/tasks", 200, ""},
	} {
		for _, round := range []string{"", ", once more"} { // from memory
			t.Run(tc.name+round, func(t *testing.T) {
				body := ""
				if tc.method == "POST" {
					body = `{"title":"x"}`
				}
				res := f.do(t, tc.method, tc.path, body, auth(tc.token))
				if tc.detail != "" {
					res.isProblem(t, tc.status, tc.detail)
				} else if res.StatusCode != tc.status {
					t.Errorf("status: got %d, want %d (%s)", res.StatusCode, tc.status, res.body)
				}
			})
		}
	}
}

// TestAForeignSubjectIsNobodyHere: what another issuer calls ada is not ada.
func TestAForeignSubjectIsNobodyHere(t *testing.T) {
	f := newFederation(t)
	f.waitForKeys(t)
	f.do(t, "POST", "/api/me/tasks", `{"title":"secret"}`, auth(mint(t, ada)))
	as := func(sub, scope string) http.Header {
		return auth(mintWith(t, jwt.SigningMethodES256, f.batchKey, kidOne,
			foreignClaims(batchIssuer, "tasks", scope, jwt.MapClaims{"sub": sub, "act": map[string]string{"sub": ada}})))
	}
	for _, sub := range []string{ada, "me", "svc_a"} {
		f.do(t, "GET", "/api/me/tasks", "", as(sub, TasksRead)).is(t, 200, "[]")
		f.do(t, "POST", "/api/me/tasks", `{"title":"x"}`, as(sub, TasksWrite)).isProblem(t, 404, "User not found")
		f.do(t, "GET", "/api/"+ada+"/tasks", "", as(sub, "")).isProblem(t, 403, "Insufficient scope")
		f.log.Want(t, `"user":"`+batchIssuer+"|"+sub+`"`)
	}
	if strings.Contains(f.log.String(), `"user":"`+ada+`","act"`) {
		t.Error("the log takes a foreign subject for ada")
	}
	f.log.Want(t, `"act":"`+ada+`"`)
}

func TestIssuersAreNotConfused(t *testing.T) {
	f := newFederation(t)
	f.waitForKeys(t)
	const all = "tasks:read tasks:write"
	sign := func(method jwt.SigningMethod, key any, issuer, audience string) string {
		return mintWith(t, method, key, kidOne, foreignClaims(issuer, audience, all, nil))
	}
	public, err := x509.MarshalPKIXPublicKey(f.partnerKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	armoured := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	twice := func(first, second string) string {
		payload := fmt.Sprintf(`{"iss":%q,"aud":["tasks",%q],"sub":%q,"scope":%q,"exp":%d,"iss":%q}`,
			first, testAudience, ada, all, noon.Unix()+300, second)
		input := segment(`{"alg":"EdDSA","kid":"one"}`) + "." + segment(payload)
		signature, err := f.loginKey.Sign(rand.Reader, []byte(input), crypto.Hash(0))
		if err != nil {
			t.Fatal(err)
		}
		return input + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	for name, token := range map[string]string{
		"login's key, batch's name":          sign(jwt.SigningMethodEdDSA, f.loginKey, batchIssuer, "tasks"),
		"batch's key, login's name":          sign(jwt.SigningMethodES256, f.batchKey, loginIssuer, "tasks"),
		"partner's key, login's name":        sign(jwt.SigningMethodRS256, f.partnerKey, loginIssuer, "tasks"),
		"login's key, our name":              sign(jwt.SigningMethodEdDSA, f.loginKey, testIssuer, testAudience),
		"our secret, login's name":           sign(jwt.SigningMethodHS256, testSecret, loginIssuer, "tasks"),
		"login's audience with partner":      sign(jwt.SigningMethodRS256, f.partnerKey, partnerTrust, "tasks"),
		"partner's audience with login":      sign(jwt.SigningMethodEdDSA, f.loginKey, loginIssuer, "tasks-of-partner"),
		"our audience with login":            sign(jwt.SigningMethodEdDSA, f.loginKey, loginIssuer, testAudience),
		"an unknown issuer":                  sign(jwt.SigningMethodEdDSA, f.loginKey, "https://evil.example.com", "tasks"),
		"an issuer with a slash more":        sign(jwt.SigningMethodEdDSA, f.loginKey, loginIssuer+"/", "tasks"),
		"an issuer in capitals":              sign(jwt.SigningMethodEdDSA, f.loginKey, strings.ToUpper(loginIssuer), "tasks"),
		"no issuer":                          mintWith(t, jwt.SigningMethodEdDSA, f.loginKey, kidOne, foreignClaims("", "tasks", all, jwt.MapClaims{"iss": nil})),
		"an issuer in an array":              mintWith(t, jwt.SigningMethodEdDSA, f.loginKey, kidOne, foreignClaims("", "tasks", all, jwt.MapClaims{"iss": []string{loginIssuer}})),
		"two issuers, login's first":         twice(loginIssuer, testIssuer),
		"two issuers, login's last":          twice(testIssuer, loginIssuer),
		"two issuers, both login's":          twice(loginIssuer, loginIssuer),
		"HS256 with the RSA key's PEM":       sign(jwt.SigningMethodHS256, armoured, partnerTrust, "tasks-of-partner"),
		"HS256 with the RSA key's PEM, ours": sign(jwt.SigningMethodHS256, armoured, testIssuer, testAudience),
		"RS512 where RS256 is due":           sign(jwt.SigningMethodRS512, f.partnerKey, partnerTrust, "tasks-of-partner"),
		"PS256 where RS256 is due":           sign(jwt.SigningMethodPS256, f.partnerKey, partnerTrust, "tasks-of-partner"),
		"alg none":                           segment(`{"alg":"none","kid":"one"}`) + "." + segment(fmt.Sprintf(`{"iss":%q,"aud":"tasks","sub":"a","scope":%q,"exp":%d}`, loginIssuer, all, noon.Unix()+300)) + ".AA",
		"another key of the same kid":        sign(jwt.SigningMethodEdDSA, newEdKey(t), loginIssuer, "tasks"),
		"an expired name for another's key":  mintWith(t, jwt.SigningMethodEdDSA, f.loginKey, kidOne, foreignClaims(batchIssuer, "tasks", all, jwt.MapClaims{"exp": 1})),
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				f.do(t, "GET", "/api/"+ada+"/tasks", "", auth(token)).isProblem(t, 401, "Invalid token")
			}
		})
	}
	t.Run("an expired one", func(t *testing.T) {
		token := mintWith(t, jwt.SigningMethodEdDSA, f.loginKey, kidOne, foreignClaims(loginIssuer, "tasks", all, jwt.MapClaims{"exp": noon.Unix() - 60}))
		f.do(t, "GET", "/api/"+ada+"/tasks", "", auth(token)).isProblem(t, 401, "Token has expired")
	})
	for _, fetched := range []*issuer{f.login, f.batch, f.partner} {
		if got := fetched.Fetches.Load(); got != 1 {
			t.Errorf("got %d fetches of keys, want 1: a token chooses none", got)
		}
	}
	f.log.Want(t, "compare JWT_ISSUERS")
}

func TestAnIssuerThatIsDownTakesNobodyAlong(t *testing.T) {
	key := newEdKey(t)
	down := &issuer{}
	down.Fails(503)
	cfg := sharedSecretConfig()
	cfg.Issuers = []Issuer{{loginIssuer, "tasks", jose.EdDSA, serve(t, down), []string{TasksRead}}}
	s := startSurface(t, cfg, Deps{Tasks: sqlite(t)})
	s.runs(t)
	eventually(t, "a fetch", func() bool { return down.Fetches.Load() > 0 })
	if err := s.server.Ready(t.Context()); err != nil {
		t.Errorf("Ready: got %v, want nil", err)
	}
	s.tasks(t, mint(t, ada)).is(t, 200, "[]")
	token := mintWith(t, jwt.SigningMethodEdDSA, key, kidOne, foreignClaims(loginIssuer, "tasks", TasksRead, nil))
	res := s.tasks(t, token)
	res.isProblem(t, 503, "Tokens cannot be verified yet. Please try again.")
	if got := res.Header.Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After: got %q, want 2", got)
	}
	eventually(t, "the setting in the log", func() bool { return strings.Contains(s.log.String(), "check JWT_ISSUERS") })

	down.Publishes(jwkOf(t, "one", key))
	eventually(t, "keys", func() bool { return s.server.furtherKeys[0].ring() != nil })
	s.tasks(t, token).is(t, 200, "[]")
}

func TestAWithdrawnKeyOfAFurtherIssuerTakesItsTokensWithIt(t *testing.T) {
	f := newFederation(t)
	f.waitForKeys(t)
	token := mintWith(t, jwt.SigningMethodEdDSA, f.loginKey, kidOne, foreignClaims(loginIssuer, "tasks", TasksRead, nil))
	f.tasks(t, token).is(t, 200, "[]") // and is remembered
	fresh := newEdKey(t)
	f.login.Publishes(jwkOf(t, "two", fresh))
	f.tasks(t, mintWith(t, jwt.SigningMethodEdDSA, fresh, map[string]any{"kid": "two"}, foreignClaims(loginIssuer, "tasks", TasksRead, nil))).is(t, 200, "[]")
	f.tasks(t, token).isProblem(t, 401, "Invalid token")
	f.tasks(t, mint(t, ada)).is(t, 200, "[]")
}

func TestAnOwnAsymmetricIssuerBesideAFurtherOne(t *testing.T) {
	own, theirs := newEdKey(t), newEdKey(t)
	us, them := &issuer{}, &issuer{}
	us.Publishes(jwkOf(t, "one", own))
	them.Publishes(jwkOf(t, "one", theirs))
	cfg := Config{Algorithm: jose.EdDSA, Issuer: testIssuer, Audience: testAudience, JWKSURL: serve(t, us),
		Issuers: []Issuer{{loginIssuer, testAudience, jose.EdDSA, serve(t, them), []string{TasksRead}}}}
	s := startSurface(t, cfg, Deps{Tasks: sqlite(t)})
	s.runs(t)
	s.waitUntilReady(t)
	eventually(t, "keys", func() bool { return s.server.furtherKeys[0].ring() != nil })
	s.tasks(t, edToken(t, "one", own)).is(t, 200, "[]")
	s.tasks(t, edToken(t, "one", theirs)).isProblem(t, 401, "Invalid token")
	sign := func(key any) string {
		return mintWith(t, jwt.SigningMethodEdDSA, key, kidOne, foreignClaims(loginIssuer, testAudience, TasksRead, nil))
	}
	s.tasks(t, sign(theirs)).is(t, 200, "[]")
	s.tasks(t, sign(own)).isProblem(t, 401, "Invalid token")
}

func TestNewRefusesIssuersThatCannotBeTrusted(t *testing.T) {
	good := Issuer{loginIssuer, "tasks", jose.EdDSA, "https://login.example.com/jwks", []string{TasksRead}}
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
			cfg.Issuers = []Issuer{{batchIssuer, "tasks", jose.ES256, "https://batch.example.com", []string{TasksRead}}, bad}
			if _, err := New(cfg, Deps{Tasks: broken{}}); err == nil || !strings.Contains(err.Error(), "JWT_ISSUERS") {
				t.Errorf("got %v, want an error that names JWT_ISSUERS", err)
			}
		})
	}
	t.Run("our own algorithm is never RS256", func(t *testing.T) {
		cfg := Config{Algorithm: jose.RS256, Issuer: "a", Audience: "b", JWKSURL: "https://example.com"}
		if _, err := New(cfg, Deps{Tasks: broken{}}); err == nil || !strings.Contains(err.Error(), "JWT_ALGORITHM") {
			t.Errorf("got %v, want an error that names JWT_ALGORITHM", err)
		}
	})
}
