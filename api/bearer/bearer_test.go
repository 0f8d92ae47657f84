package bearer

import (
	"bytes"
	"strings"
	"testing"

	"vestibule/internal/jose"
)

func TestNewRefusesInvalidConfigurations(t *testing.T) {
	shared := sharedSecretConfig()
	published := Config{Algorithm: jose.EdDSA, Issuer: testIssuer, Audience: testAudience, JWKSURL: "https://bff.test/jwks"}
	for _, tc := range []struct {
		name   string
		base   Config
		change func(*Config)
		want   string // in the error; empty: accepted
	}{
		{"HS256", shared, func(*Config) {}, ""},
		{"EdDSA", published, func(*Config) {}, ""},
		{"ES256", published, func(c *Config) { c.Algorithm = jose.ES256 }, ""},
		{"no algorithm", shared, func(c *Config) { c.Algorithm = "" }, "JWT_ALGORITHM"},
		{"alg none", shared, func(c *Config) { c.Algorithm = "none" }, "JWT_ALGORITHM"},
		{"an algorithm that only jwx knows", shared, func(c *Config) { c.Algorithm = "HS512" }, "JWT_ALGORITHM"},
		{"no issuer", shared, func(c *Config) { c.Issuer = "" }, "JWT_ISSUER"},
		{"no audience", published, func(c *Config) { c.Audience = "" }, "JWT_AUDIENCE"},
		{"no secret", shared, func(c *Config) { c.Secrets = nil }, "BETTER_AUTH_SECRET"},
		{"a secret of 31 bytes", shared, func(c *Config) { c.Secrets = [][]byte{bytes.Repeat([]byte("s"), 31)} }, "BETTER_AUTH_SECRET"},
		{"a short previous secret", shared, func(c *Config) { c.Secrets = [][]byte{testSecret, []byte("old")} }, "BETTER_AUTH_SECRET"},
		{"no key set", published, func(c *Config) { c.JWKSURL = "" }, "JWKS_URL"},
		{"a key set in a file", published, func(c *Config) { c.JWKSURL = "file:///etc/keys" }, "JWKS_URL"},
		{"a key set without a host", published, func(c *Config) { c.JWKSURL = "https:///jwks" }, "JWKS_URL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := tc.base
			tc.change(&cfg)
			v, err := New(cfg)
			if tc.want == "" {
				if err != nil {
					t.Errorf("got %v, want a verifier", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || v != nil {
				t.Errorf("got %v, want an error that names %s", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "sssss") {
				t.Errorf("got a secret in %q", err)
			}
		})
	}
}
