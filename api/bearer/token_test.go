package bearer

import (
	"crypto/hmac"
	"crypto/sha512"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/tokentest"
)

func TestBadTokensAreRefused(t *testing.T) {
	s := newSurface(t)
	signed := func(header, payload string) string { return forge(header, payload, testSecret) }
	good := mint(t, ada)
	parts := strings.Split(good, ".")
	hs512 := func(input string) string {
		mac := hmac.New(sha512.New, testSecret)
		mac.Write([]byte(input))
		return input + "." + segment(string(mac.Sum(nil)))
	}
	at := func(offset time.Duration) string { return fmt.Sprint(noon.Add(offset).Unix()) }

	const (
		invalid = "Invalid token"
		expired = "Token has expired"
		nobody  = "Invalid authentication credentials"
	)
	for _, tc := range []struct{ name, token, want string }{
		// The form.
		{"a word", "hunter2", invalid},
		{"two segments", parts[0] + "." + parts[1], invalid},
		{"four segments", good + "." + parts[2], invalid},
		{"a JWE's five segments", good + ".AAAA.AAAA", invalid},
		{"an empty first segment", "." + parts[1] + "." + parts[2], invalid},
		{"an empty payload", parts[0] + ".." + parts[2], invalid},
		{"an empty signature", parts[0] + "." + parts[1] + ".", invalid},
		{"dots", "..", invalid},
		{"a padded signature", good + "=", invalid},
		{"trailing garbage", good + "!", invalid},
		{"a trailing word", good + " x", invalid},
		{"standard base64", strings.Map(func(r rune) rune {
			if r == '-' || r == '_' {
				return '+'
			}
			return r
		}, signed(plainHeader, payload(`,"x":"???>>>"`))), invalid},
		{"a second spelling of the signature", parts[0] + "." + parts[1] + "." + respell(t, parts[2]), invalid},
		{"the flattened JSON serialisation", fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, parts[0], parts[1], parts[2]), invalid},
		{"the general JSON serialisation", fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, parts[1], parts[0], parts[2]), invalid},
		{"9 KiB", signed(plainHeader, payload(`,"x":"`+strings.Repeat("x", 9<<10)+`"`)), invalid},

		// The header.
		{"alg none, unsigned", segment(`{"alg":"none"}`) + "." + parts[1] + ".", invalid},
		{"alg none, signed", signed(`{"alg":"none"}`, payload("")), invalid},
		{"alg NoNe", signed(`{"alg":"NoNe"}`, payload("")), invalid},
		{"alg in lower case", signed(`{"alg":"hs256"}`, payload("")), invalid},
		{"alg HS512, signed so", hs512(segment(`{"alg":"HS512"}`) + "." + segment(payload(""))), invalid},
		{"alg HS512, signed with HS256", signed(`{"alg":"HS512"}`, payload("")), invalid},
		{"alg EdDSA", signed(`{"alg":"EdDSA"}`, payload("")), invalid},
		{"alg missing", signed(`{"typ":"JWT"}`, payload("")), invalid},
		{"alg null", signed(`{"alg":null}`, payload("")), invalid},
		{"alg in an array", signed(`{"alg":["HS256"]}`, payload("")), invalid},
		{"ALG for alg", signed(`{"ALG":"HS256"}`, payload("")), invalid},
		{"alg twice", signed(`{"alg":"none","alg":"HS256"}`, payload("")), invalid},
		{"typ twice, with an escape", signed(`{"alg":"HS256","typ":"JWT","t\u0079p":"JWT"}`, payload("")), invalid},
		{"typ JOSE", signed(`{"alg":"HS256","typ":"JOSE"}`, payload("")), invalid},
		{"typ id+jwt", signed(`{"alg":"HS256","typ":"id+jwt"}`, payload("")), invalid},
		{"typ logout+jwt", signed(`{"alg":"HS256","typ":"logout+jwt"}`, payload("")), invalid},
		{"typ application/id+jwt", signed(`{"alg":"HS256","typ":"application/id+jwt"}`, payload("")), invalid},
		{"typ application/application/jwt", signed(`{"alg":"HS256","typ":"application/application/jwt"}`, payload("")), invalid},
		{"typ text/jwt", signed(`{"alg":"HS256","typ":"text/jwt"}`, payload("")), invalid},
		{"typ application/", signed(`{"alg":"HS256","typ":"application/"}`, payload("")), invalid},
		{"typ empty", signed(`{"alg":"HS256","typ":""}`, payload("")), invalid},
		{"typ null", signed(`{"alg":"HS256","typ":null}`, payload("")), invalid},
		{"typ a number", signed(`{"alg":"HS256","typ":1}`, payload("")), invalid},
		{"unknown crit", signed(`{"alg":"HS256","crit":["exp"],"exp":1}`, payload("")), invalid},
		{"empty crit", signed(`{"alg":"HS256","crit":[]}`, payload("")), invalid},
		{"null crit", signed(`{"alg":"HS256","crit":null}`, payload("")), invalid},
		{"b64 false, signed so", func() string {
			head := segment(`{"alg":"HS256","b64":false}`)
			return head + "." + parts[1] + "." + tokentest.Sign(head+"."+payload(""), testSecret)
		}(), invalid},
		{"b64 false, signed as usual", signed(`{"alg":"HS256","b64":false}`, payload("")), invalid},
		{"kid a number", signed(`{"alg":"HS256","kid":1}`, payload("")), invalid},
		{"a header that is null", signed(`null`, payload("")), invalid},
		{"a header that is an array", signed(`["HS256"]`, payload("")), invalid},
		{"a header that is no JSON", signed(`HS256`, payload("")), invalid},
		{"a header with trailing data", signed(`{"alg":"HS256"}{}`, payload("")), invalid},
		{"a header in invalid UTF-8", signed("{\"alg\":\"HS256\",\"x\":\"\xff\"}", payload("")), invalid},

		// The signature.
		{"another secret", forge(plainHeader, payload(""), []byte("ffffffffffffffffffffffffffffffff")), invalid},
		{"an empty secret", forge(plainHeader, payload(""), nil), invalid},
		{"another token's signature", parts[0] + "." + segment(payload(`,"x":1`)) + "." + parts[2], invalid},
		{"a signature cut short", good[:len(good)-4], invalid},
		{"a changed payload that is expired", parts[0] + "." + segment(payloadWith("exp", "0")) + "." + parts[2], invalid},

		// The claims.
		{"iss missing", signed(plainHeader, payloadWith("iss", "")), invalid},
		{"iss of another issuer", signed(plainHeader, payloadWith("iss", `"better-auth.evil"`)), invalid},
		{"iss in an array", signed(plainHeader, payloadWith("iss", `["better-auth"]`)), invalid},
		{"iss null", signed(plainHeader, payloadWith("iss", `null`)), invalid},
		{"aud missing", signed(plainHeader, payloadWith("aud", "")), invalid},
		{"aud of another service", signed(plainHeader, payloadWith("aud", `"fastapi-backend2"`)), invalid},
		{"aud empty", signed(plainHeader, payloadWith("aud", `[]`)), invalid},
		{"aud without us", signed(plainHeader, payloadWith("aud", `["a","b"]`)), invalid},
		{"aud with a number beside us", signed(plainHeader, payloadWith("aud", `["fastapi-backend",1]`)), invalid},
		{"aud an object", signed(plainHeader, payloadWith("aud", `{"fastapi-backend":true}`)), invalid},
		{"exp missing", signed(plainHeader, payloadWith("exp", "")), invalid},
		{"exp a string", signed(plainHeader, payloadWith("exp", `"`+at(time.Minute)+`"`)), invalid},
		{"exp null", signed(plainHeader, payloadWith("exp", "null")), invalid},
		{"exp true", signed(plainHeader, payloadWith("exp", "true")), invalid},
		{"exp 1e400", signed(plainHeader, payloadWith("exp", "1e400")), invalid},
		{"exp in milliseconds", signed(plainHeader, payloadWith("exp", at(0)+"000")), invalid},
		{"exp 0", signed(plainHeader, payloadWith("exp", "0")), expired},
		{"exp -0", signed(plainHeader, payloadWith("exp", "-0")), expired},
		{"exp negative", signed(plainHeader, payloadWith("exp", "-1e300")), expired},
		{"exp 30 s ago", signed(plainHeader, payloadWith("exp", at(-30*time.Second))), expired},
		{"exp 30 s ago, for somebody else", signed(plainHeader, strings.Replace(payloadWith("exp", at(-30*time.Second)), testAudience, "x", 1)), expired},
		{"iat 31 s ahead", signed(plainHeader, payloadWith("iat", at(31*time.Second))), invalid},
		{"nbf 31 s ahead", signed(plainHeader, payloadWith("nbf", at(31*time.Second))), invalid},
		{"iat 1e308", signed(plainHeader, payloadWith("iat", "1e308")), invalid},
		{"iat a string", signed(plainHeader, payloadWith("iat", `"0"`)), invalid},
		{"nbf null", signed(plainHeader, payloadWith("nbf", "null")), invalid},
		{"sub missing", signed(plainHeader, payloadWith("sub", "")), nobody},
		{"sub empty", signed(plainHeader, payloadWith("sub", `""`)), nobody},
		{"sub a number", signed(plainHeader, payloadWith("sub", `7`)), nobody},
		{"sub null", signed(plainHeader, payloadWith("sub", `null`)), nobody},
		{"sub in an array", signed(plainHeader, payloadWith("sub", `["`+ada+`"]`)), nobody},
		{"sub with a NUL", signed(plainHeader, payloadWith("sub", `"usr_\u0000"`)), nobody},
		{"sub with a line feed", signed(plainHeader, payloadWith("sub", `"usr_\n"`)), nobody},
		{"sub of 256 bytes", signed(plainHeader, payloadWith("sub", `"`+strings.Repeat("u", 256)+`"`)), nobody},
		{"sub twice", signed(plainHeader, payload(`,"sub":"`+bob+`"`)), invalid},
		{"exp twice", signed(plainHeader, payload(`,"exp":9999999999`)), invalid},
		{"a claim twice somewhere inside", signed(plainHeader, payload(`,"x":{"a":1,"a":2}`)), invalid},
		{"claims that are null", signed(plainHeader, "null"), invalid},
		{"claims that are an array", signed(plainHeader, "["+payload("")+"]"), invalid},
		{"claims that are no JSON", signed(plainHeader, "sub=ada"), invalid},
		{"claims with trailing data", signed(plainHeader, payload("")+"{}"), invalid},
		{"claims after a byte order mark", signed(plainHeader, "\ufeff"+payload("")), invalid},
		{"claims in invalid UTF-8", signed(plainHeader, payload(`,"x":"`+"\xff"+`"`)), invalid},
		{"claims that are a token", signed(`{"alg":"HS256","cty":"JWT"}`, good), invalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.do(t, "GET", "/api/me/tasks", "", auth(tc.token)).isProblem(t, http.StatusUnauthorized, tc.want)
		})
	}
}

// respell sets the unused bits of the last character of a base64url segment of 32 bytes.
// The text differs, but a lenient decoder reads the same bytes.
func respell(t *testing.T, segment string) string {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	i := strings.IndexByte(alphabet, segment[len(segment)-1])
	if len(segment) != 43 || i%4 != 0 {
		t.Fatalf("got a signature of %d characters, want 43 with two unused bits", len(segment))
	}
	return segment[:42] + string(alphabet[i+1])
}

func TestGoodTokensAreAccepted(t *testing.T) {
	s := newSurface(t)
	signed := func(header, payload string) string { return forge(header, payload, testSecret) }
	at := func(offset time.Duration) string { return fmt.Sprint(noon.Add(offset).Unix()) }
	for _, tc := range []struct{ name, token string }{
		{"of another library", mint(t, ada)},
		{"signed with the previous secret", forge(plainHeader, payload(""), previousSecret)},
		{"without typ", signed(`{"alg":"HS256"}`, payload(""))},
		{"typ jwt", signed(`{"alg":"HS256","typ":"jwt"}`, payload(""))},
		{"typ at+jwt", signed(`{"alg":"HS256","typ":"at+jwt"}`, payload(""))},
		{"typ application/at+jwt", signed(`{"alg":"HS256","typ":"application/at+jwt"}`, payload(""))},
		{"typ Application/AT+JWT", signed(`{"alg":"HS256","typ":"Application/AT+JWT"}`, payload(""))},
		{"typ application/jwt", signed(`{"alg":"HS256","typ":"application/jwt"}`, payload(""))},
		{"typ AT+JWT", signed(`{"typ":"AT+JWT","alg":"HS256"}`, payload(""))},
		{"with a kid", signed(`{"alg":"HS256","kid":"7"}`, payload(""))},
		{"with white space in its JSON", signed(" { \"alg\" : \"HS256\" } ", payload("")+"\n")},
		{"with an escaped alg", signed(`{"\u0061lg":"\u0048S256"}`, payload(""))},
		{"without iat", signed(plainHeader, payloadWith("iat", ""))},
		{"with other claims", signed(plainHeader, payload(`,"SUB":"x","roles":{"a":[1,null]}`))},
		{"aud in an array", signed(plainHeader, payloadWith("aud", `["other","fastapi-backend"]`))},
		{"exp with a fraction", signed(plainHeader, payloadWith("exp", at(time.Minute)+".5"))},
		{"exp with an exponent", signed(plainHeader, payloadWith("exp", "2e10"))},
		{"exp 29 s ago", signed(plainHeader, payloadWith("exp", at(-29*time.Second)))},
		{"iat 30 s ahead", signed(plainHeader, payloadWith("iat", at(30*time.Second)))},
		{"nbf 30 s ahead", signed(plainHeader, payloadWith("nbf", at(30*time.Second)))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.do(t, "GET", "/api/"+ada+"/tasks", "", auth(tc.token)).is(t, http.StatusOK, "[]")
		})
	}
}

func TestATokenFetchesNothing(t *testing.T) {
	var visited atomic.Bool
	trap := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visited.Store(true) }))
	s := newSurface(t)
	for _, name := range []string{"jku", "x5u"} {
		token := mintWith(t, jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), map[string]any{name: trap, "kid": trap}, goodClaims(ada))
		s.do(t, "GET", "/api/me/tasks", "", auth(token)).isProblem(t, http.StatusUnauthorized, "Invalid token")
	}
	if visited.Load() {
		t.Error("got a request at the address in the header, want none")
	}
}
