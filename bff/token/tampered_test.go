package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestTamperedTokensAreRefused(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			clk := newClock()
			c := config(algorithm, clk)
			m := mustOpen(t, c, &memory{})
			set := mustJWKS(t, m)
			raw := mustMint(t, m).Raw
			part := strings.Split(raw, ".")
			b64 := base64.RawURLEncoding.EncodeToString
			payload, err := base64.RawURLEncoding.DecodeString(part[1])
			if err != nil {
				t.Fatal(err)
			}
			forged := strings.Replace(string(payload), "usr_alice", "usr_mallo", 1)
			if forged == string(payload) {
				t.Fatal("the payload does not name the subject")
			}
			stranger := mustMint(t, mustOpen(t, func() Config {
				c := config(algorithm, clk)
				c.Secret = otherSecret
				return c
			}(), &memory{})).Raw
			for name, raw := range map[string]string{
				"another subject":           part[0] + "." + b64([]byte(forged)) + "." + part[2],
				"no signature":              part[0] + "." + part[1] + ".",
				"alg none":                  b64([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + part[1] + ".",
				"another header":            b64([]byte(`{"alg":"`+algorithm+`"}`)) + "." + part[1] + "." + part[2],
				"a changed signature":       part[0] + "." + part[1] + "." + flip(part[2]),
				"a stranger's":              stranger,
				"a stranger's signature":    part[0] + "." + part[1] + "." + strings.Split(stranger, ".")[2],
				"HS256 with the key set":    sign(t, jwt.SigningMethodHS256, string(payload), set),
				"HS256 with another secret": sign(t, jwt.SigningMethodHS256, string(payload), otherSecret),
			} {
				if _, err := verify(t, raw, c, set); err == nil {
					t.Errorf("%s: got no error", name)
				}
			}
			if _, err := verify(t, raw, c, set); err != nil {
				t.Errorf("the original token: got %v, want nil", err)
			}
			clk.Advance(5 * time.Minute)
			if _, err := verify(t, raw, c, set); !errors.Is(err, jwt.ErrTokenExpired) {
				t.Errorf("after its lifetime: got %v, want %v", err, jwt.ErrTokenExpired)
			}
		})
	}
}

// flip changes the first character of a base64url text.
func flip(s string) string {
	if s[0] == 'A' {
		return "B" + s[1:]
	}
	return "A" + s[1:]
}

func sign(t *testing.T, method jwt.SigningMethod, payload string, key []byte) string {
	t.Helper()
	var claims jwt.MapClaims
	if err := json.Unmarshal([]byte(payload), &claims); err != nil {
		t.Fatal(err)
	}
	raw, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
