// Package tokentest makes valid and invalid tokens for tests, and publishes their keys.
// Valid tokens come from another library than the one that verifies them. Invalid ones are
// built by hand, because no library makes them.
package tokentest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The claims of good tokens.
const (
	Issuer   = "better-auth"
	Audience = "fastapi-backend"
	Ada      = "usr_adaadaadaadaadaadaadaadaad"
	Bob      = "usr_bobbobbobbobbobbobbobbobbo"
)

// Secret signs good tokens.
const Secret = "0123456789abcdef0123456789abcdef"

// Noon is the time of most tests.
var Noon = time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)

// GoodClaims are the claims of a valid token made at Noon.
func GoodClaims(sub string) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": Issuer, "aud": Audience, "sub": sub,
		"iat": Noon.Unix(), "exp": Noon.Add(5 * time.Minute).Unix(),
	}
}

// Mint signs a good token for sub with the shared secret.
func Mint(tb testing.TB, sub string) string {
	tb.Helper()
	return MintWith(tb, jwt.SigningMethodHS256, []byte(Secret), nil, GoodClaims(sub))
}

// MintWith signs claims with more header members than alg and typ.
func MintWith(tb testing.TB, method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) string {
	tb.Helper()
	token := jwt.NewWithClaims(method, claims)
	for name, value := range header {
		token.Header[name] = value
	}
	signed, err := token.SignedString(key)
	if err != nil {
		tb.Fatalf("mint: %v", err)
	}
	return signed
}

// PlainHeader is the header of a token with HS256.
const PlainHeader = `{"alg":"HS256","typ":"JWT"}`

// Payload returns valid claims, followed by the members of more.
func Payload(more string) string {
	return fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":%q,"exp":%d%s}`,
		Issuer, Audience, Ada, Noon.Add(5*time.Minute).Unix(), more)
}

// PayloadWith returns valid claims with a raw JSON value for one claim. With an empty value
// the claim is left out.
func PayloadWith(claim, value string) string {
	members := []string{}
	for _, m := range [][2]string{
		{"iss", `"` + Issuer + `"`},
		{"aud", `"` + Audience + `"`},
		{"sub", `"` + Ada + `"`},
		{"exp", fmt.Sprint(Noon.Add(5 * time.Minute).Unix())},
		{"iat", fmt.Sprint(Noon.Unix())},
		{"nbf", fmt.Sprint(Noon.Unix())},
	} {
		if m[0] == claim {
			m[1] = value
		}
		if m[1] != "" {
			members = append(members, fmt.Sprintf("%q:%s", m[0], m[1]))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// Segment encodes a segment of a token.
func Segment(raw string) string { return base64.RawURLEncoding.EncodeToString([]byte(raw)) }

// Forge signs any header and any payload with secret.
func Forge(header, payload string, secret []byte) string {
	input := Segment(header) + "." + Segment(payload)
	return input + "." + Sign(input, secret)
}

// Sign returns the HS256 signature of input.
func Sign(input string, secret []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
