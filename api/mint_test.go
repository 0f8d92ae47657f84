package api

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

// Tokens for tests. Good ones come from another library than the one that
// verifies them; the others are put together by hand, because no library makes
// them.

const (
	testIssuer   = "better-auth"
	testAudience = "fastapi-backend"
	ada          = "usr_adaadaadaadaadaadaadaadaad"
	bob          = "usr_bobbobbobbobbobbobbobbobbo"
)

var testSecret = []byte("0123456789abcdef0123456789abcdef")

// noon is when most tests take place.
var noon = time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)

// goodClaims are those of a token minted at noon.
func goodClaims(sub string) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": testIssuer, "aud": testAudience, "sub": sub,
		"iat": noon.Unix(), "exp": noon.Add(5 * time.Minute).Unix(),
	}
}

// mint signs a good token for sub with the shared secret.
func mint(tb testing.TB, sub string) string {
	tb.Helper()
	return mintWith(tb, jwt.SigningMethodHS256, testSecret, nil, goodClaims(sub))
}

// mintWith signs claims with header members on top of alg and typ.
func mintWith(tb testing.TB, method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) string {
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

const plainHeader = `{"alg":"HS256","typ":"JWT"}`

// payload is a good claims object with the members of more after its own.
func payload(more string) string {
	return fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":%q,"exp":%d%s}`,
		testIssuer, testAudience, ada, noon.Add(5*time.Minute).Unix(), more)
}

// payloadWith is a good claims object in which the raw JSON value takes the
// place of one claim, or that lacks the claim when value is empty.
func payloadWith(claim, value string) string {
	members := []string{}
	for _, m := range [][2]string{
		{"iss", `"` + testIssuer + `"`},
		{"aud", `"` + testAudience + `"`},
		{"sub", `"` + ada + `"`},
		{"exp", fmt.Sprint(noon.Add(5 * time.Minute).Unix())},
		{"iat", fmt.Sprint(noon.Unix())},
		{"nbf", fmt.Sprint(noon.Unix())},
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

func segment(raw string) string { return base64.RawURLEncoding.EncodeToString([]byte(raw)) }

// forge signs any header and any payload with secret.
func forge(header, payload string, secret []byte) string {
	input := segment(header) + "." + segment(payload)
	return input + "." + hs256(input, secret)
}

func hs256(input string, secret []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
