package token

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

func TestAGrantSaysWhatItIsFor(t *testing.T) {
	clk := newClock()
	issued := float64(clk.now().Unix())
	for _, tc := range []struct {
		name  string
		grant Grant
		want  jwt.MapClaims // on top of iss, jti and iat
	}{
		{"a user's", Grant{Subject: "usr_alice"},
			jwt.MapClaims{"sub": "usr_alice", "aud": "fastapi-backend", "exp": issued + 300}},
		{"a service's", Grant{Subject: "svc_one", ClientID: "svc_one", Scope: []string{"tasks:read", "tasks:write"}, ExpiresIn: time.Hour},
			jwt.MapClaims{"sub": "svc_one", "client_id": "svc_one", "scope": "tasks:read tasks:write", "aud": "fastapi-backend", "exp": issued + 3600}},
		{"an exchanged one", Grant{Subject: "usr_alice", Actor: "svc_one", Audience: "reports", Scope: []string{"tasks:read"}},
			jwt.MapClaims{"sub": "usr_alice", "act": map[string]any{"sub": "svc_one"}, "aud": "reports", "scope": "tasks:read", "exp": issued + 300}},
		{"one with an empty scope", Grant{Subject: "svc_one", Scope: []string{}},
			jwt.MapClaims{"sub": "svc_one", "scope": "", "aud": "fastapi-backend", "exp": issued + 300}},
	} {
		for _, algorithm := range []string{HS256, EdDSA} {
			t.Run(tc.name+", "+algorithm, func(t *testing.T) {
				c := config(algorithm, clk)
				m := mustOpen(t, c, &table{})
				minted, err := m.MintFor(tc.grant)
				if err != nil {
					t.Fatal(err)
				}
				if c.Audience = tc.grant.Audience; c.Audience == "" {
					c.Audience = "fastapi-backend"
				}
				parsed, err := verify(t, minted.Raw, c, mustJWKS(t, m))
				if err != nil {
					t.Fatal(err)
				}
				got := parsed.Claims.(jwt.MapClaims)
				if got["iss"] != "better-auth" || got["iat"] != issued || len(got["jti"].(string)) < 26 {
					t.Errorf("got iss %v, iat %v, jti %v", got["iss"], got["iat"], got["jti"])
				}
				if want := int64(tc.want["exp"].(float64)); minted.Expires.Unix() != want {
					t.Errorf("got an end at %v, want %v", minted.Expires.Unix(), want)
				}
				for _, common := range []string{"iss", "iat", "jti"} {
					delete(got, common)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestAGrantThatSaysTooLittleIsRefused(t *testing.T) {
	m := mustOpen(t, config(HS256, newClock()), nil)
	for name, g := range map[string]Grant{
		"no subject":             {},
		"half a second":          {Subject: "usr_alice", ExpiresIn: time.Second / 2},
		"a past end":             {Subject: "usr_alice", ExpiresIn: -time.Hour},
		"an empty word of scope": {Subject: "svc_one", Scope: []string{"tasks:read", ""}},
		"two words in one":       {Subject: "svc_one", Scope: []string{"tasks:read tasks:write"}},
		"a quote":                {Subject: "svc_one", Scope: []string{`tasks"`}},
		"a backslash":            {Subject: "svc_one", Scope: []string{`tasks\`}},
		"an umlaut":              {Subject: "svc_one", Scope: []string{"täsks"}},
		"a line feed":            {Subject: "svc_one", Scope: []string{"tasks\n"}},
	} {
		if got, err := m.MintFor(g); err == nil {
			t.Errorf("%s: got %v, want an error", name, got)
		}
	}
}
