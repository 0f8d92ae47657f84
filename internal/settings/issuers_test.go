package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/api"
	"vestibule/api/bearer"
	"vestibule/internal/jose"
)

const goodIssuer = `{"issuer":"https://login.example.com","jwks_url":"https://login.example.com/jwks.json","audience":"tasks","algorithm":"EdDSA","scopes":["tasks:read"]}`

// withIssuer returns a valid list with one entry, in which old is replaced.
func withIssuer(old, replacement string) string {
	if !strings.Contains(goodIssuer, old) {
		panic(old)
	}
	return "[" + strings.Replace(goodIssuer, old, replacement, 1) + "]"
}

// badIssuers returns lists with one mistake each.
func badIssuers() []string {
	bad := []string{
		"x", "{}", "null", goodIssuer, "null,", "[" + goodIssuer + "] []", "[" + goodIssuer, `["https://login.example.com"]`, "[null]", "[[]]",
		"[" + goodIssuer + "," + goodIssuer + "]", "[" + goodIssuer + strings.Repeat(","+goodIssuer, maxIssuers) + "]",
		withIssuer(`"audience":"tasks"`, `"audience":"tasks","audience":"other"`),
		withIssuer(`"issuer":"https://login.example.com"`, `"issuer":"better-auth"`),
		withIssuer(`{"issuer"`, `{"note":1,"client_id":"x","issuer"`),
		withIssuer(`"scopes":["tasks:read"]`, `"scopes":["tasks:read","tasks:read"]`),
	}
	for _, field := range []struct{ name, value string }{
		{"issuer", `"https://login.example.com"`}, {"jwks_url", `"https://login.example.com/jwks.json"`}, {"audience", `"tasks"`},
		{"algorithm", `"EdDSA"`}, {"scopes", `["tasks:read"]`},
	} {
		member := `"` + field.name + `":` + field.value
		for _, other := range []string{"null", "1", "{}", "true", `""`, `[]`, `" x"`, `"x\u0000"`, `[""]`, `"` + strings.Repeat("a", 256) + `"`} {
			bad = append(bad, withIssuer(member, `"`+field.name+`":`+other))
		}
		if field.name == "scopes" {
			bad = append(bad, withIssuer(","+member, ""))
		} else {
			bad = append(bad, withIssuer(member+",", ""))
		}
	}
	for _, name := range []string{"a|b", "https://login.example.com|x"} {
		bad = append(bad, withIssuer(`"issuer":"https://login.example.com"`, `"issuer":"`+name+`"`))
	}
	for _, algorithm := range []string{"HS256", "none", "eddsa", "RS512", "PS256"} {
		bad = append(bad, withIssuer("EdDSA", algorithm))
	}
	for _, scope := range []string{"tasks:all", "TASKS:READ", "tasks:read tasks:write", "token:exchange"} {
		bad = append(bad, withIssuer("tasks:read", scope))
	}
	for _, u := range []string{
		"jwks.json", "http://login.example.com/jwks", "http://10.0.0.1/jwks", "http://localhost.evil.example/jwks", "file:///etc/keys", "https://", "https:///jwks",
		"https://u:p@login.example.com/", "https://login.example.com/#x", "https://login.example.com:/", "https://login.example.com:99999/", "https:login",
		"https://a b/", "//login.example.com/jwks",
	} {
		bad = append(bad, withIssuer("https://login.example.com/jwks.json", u))
	}
	return bad
}

func goodIssuers() []string {
	return []string{
		"[]", "[" + goodIssuer + "]", "[\n" + goodIssuer + "\n]",
		withIssuer("EdDSA", "ES256"), withIssuer("EdDSA", "RS256"),
		withIssuer(`["tasks:read"]`, `["tasks:write","tasks:read"]`),
		withIssuer("https://login.example.com/jwks.json", "http://localhost:9000/jwks"),
		withIssuer("https://login.example.com/jwks.json", "http://127.0.0.1/jwks?x=y"),
		withIssuer("https://login.example.com/jwks.json", "http://[::1]:9000/jwks"),
		withIssuer(`"issuer":"https://login.example.com"`, `"issuer":"any text"`),
	}
}

func TestAllIssuerMistakesAreReported(t *testing.T) {
	found := loadFaults(t, ForAPI, Environment{"BETTER_AUTH_SECRET": goodSecret, "JWT_ISSUERS": `[` + goodIssuer + `,
		{"issuer":"better-auth","jwks_url":"http://example.com/","audience":7,"algorithm":"HS256","scopes":[],"secret":"hunter2"},
		{"issuer":"https://login.example.com"}]`})
	var got []string
	for _, f := range found {
		if f.Setting != "JWT_ISSUERS" || f.Cure == "" {
			t.Errorf("got %q, want a cure", f)
		}
		got = append(got, f.Problem)
		if strings.Contains(f.Error(), "hunter2") {
			t.Errorf("got the value of an unknown field in %q", f)
		}
	}
	if diff := cmp.Diff([]string{
		`[1] has the unknown field "secret"`,
		`[1].audience is not a string`,
		`[1].issuer "better-auth" is JWT_ISSUER or in an earlier entry`,
		`[1].scopes is empty: its tokens would open nothing`,
		`[1].algorithm "HS256" is unknown here`,
		`[1].jwks_url "http://example.com/" is not https: somebody on the network could replace the keys with their own`,
		`[2].audience is missing`,
		`[2].algorithm is missing`,
		`[2].jwks_url is missing`,
		`[2].scopes is missing`,
		`[2].issuer "https://login.example.com" is JWT_ISSUER or in an earlier entry`,
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestIssuersAreReadFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "issuers.json")
	if err := os.WriteFile(path, []byte("["+goodIssuer+"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, by := range []Side{ForServe, ForAPI} {
		c, err := Load(by, nil, Environment{"BETTER_AUTH_SECRET": goodSecret, "JWT_ISSUERS_FILE": path})
		if err != nil {
			t.Fatal(err)
		}
		want := []bearer.Issuer{{
			Name: "https://login.example.com", JWKSURL: "https://login.example.com/jwks.json", Audience: "tasks",
			Algorithm: jose.EdDSA, Scopes: []string{api.TasksRead},
		}}
		if diff := cmp.Diff(want, c.API.Issuers); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if found := loadFaults(t, ForBFF, Environment{"BETTER_AUTH_SECRET": goodSecret, "JWT_ISSUERS": "x"}); found != nil {
		t.Errorf("got %v, want the BFF to ignore JWT_ISSUERS", found)
	}
}

// FuzzIssuers checks that api.New accepts every accepted list, and that every fault is
// one line.
func FuzzIssuers(f *testing.F) {
	for _, seed := range append(badIssuers(), goodIssuers()...) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, v string) {
		c := &checker{by: ForAPI, values: map[string]value{}}
		issuers := c.issuers(v)
		for _, fault := range c.faults {
			if strings.ContainsAny(fault.Error(), "\n\r\x00") {
				t.Errorf("got %q, want one line", fault)
			}
		}
		if len(c.faults) > 0 {
			return
		}
		cfg := bearer.Config{Algorithm: jose.HS256, Issuer: "|", Audience: "x", Secrets: [][]byte{[]byte(goodSecret)}, Issuers: issuers, Scopes: api.Scopes[:]}
		if _, err := bearer.New(cfg); err != nil {
			t.Errorf("accepted, but bearer.New returns: %v", err)
		}
	})
}
