package e2e

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// claims is what the quickstart's own backend expects.
func claims(user string) jwt.MapClaims {
	return jwt.MapClaims{"sub": user, "iss": "better-auth", "aud": "fastapi-backend", "exp": time.Now().Add(time.Minute).Unix()}
}

func mint(t testing.TB, c jwt.MapClaims, key string) string {
	t.Helper()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func with(c jwt.MapClaims, name string, value any) jwt.MapClaims {
	c[name] = value
	return c
}

func without(c jwt.MapClaims, name string) jwt.MapClaims {
	delete(c, name)
	return c
}

// TestServiceCallsTheAPIWithItsOwnToken uses a token that another library has
// minted from the shared secret.
func TestServiceCallsTheAPIWithItsOwnToken(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, p *product) {
		b := newBrowser(t, p.bff)
		id := b.signUp("erin@example.com")
		b.want(b.send("POST", p.bff+"/api/proxy/me/tasks", `{"title":"shared"}`), 201, "shared")
		tasks := p.api + "/api/" + id + "/tasks"
		none, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims(id)).SignedString(jwt.UnsafeAllowNoneSignatureType)
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name, token string
			status      int
			want        string
		}{
			{"good", mint(t, claims(id), secret), 200, "shared"},
			{"for somebody else", mint(t, claims("usr_else"), secret), 403, "Access denied: user_id mismatch"},
			{"none", "", 401, "Not authenticated"},
			{"expired", mint(t, with(claims(id), "exp", time.Now().Add(-time.Minute).Unix()), secret), 401, "Token has expired"},
			{"exp 0", mint(t, with(claims(id), "exp", 0), secret), 401, "Token has expired"},
			{"without sub", mint(t, without(claims(id), "sub"), secret), 401, "Invalid authentication credentials"},
			{"another secret", mint(t, claims(id), secret+"x"), 401, "Invalid token"},
			{"another issuer", mint(t, with(claims(id), "iss", "x"), secret), 401, "Invalid token"},
			{"another audience", mint(t, with(claims(id), "aud", "x"), secret), 401, "Invalid token"},
			{"without exp", mint(t, without(claims(id), "exp"), secret), 401, "Invalid token"},
			{"alg none", none, 401, "Invalid token"},
			{"not a token", "x", 401, "Invalid token"},
		} {
			header := []string{}
			if tt.token != "" {
				header = []string{"Authorization", "Bearer " + tt.token}
			}
			got := b.sendRaw("GET", tasks, "", header...)
			b.want(got, tt.status, tt.want)
			challenge := map[bool]string{true: "Bearer", false: `Bearer error="invalid_token", error_description="` + tt.want + `"`}[tt.token == ""]
			if got.status == 401 && got.header.Get("WWW-Authenticate") != challenge {
				t.Errorf("%s: got WWW-Authenticate %q, want %q", tt.name, got.header.Get("WWW-Authenticate"), challenge)
			}
			if got.status != 200 && got.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: got Content-Type %q, want application/problem+json", tt.name, got.header.Get("Content-Type"))
			}
		}
		b.want(b.sendRaw("POST", p.api+"/api/usr_gone/tasks", `{"title":"x"}`, "Authorization", "Bearer "+mint(t, claims("usr_gone"), secret)),
			401, "Invalid authentication credentials")
		b.want(b.sendRaw("GET", p.api+"/", ""), 200, `{"message":"Todo API with Authentication"}`)
	})
}

// TestCookieAndTokenStayOnTheirSides: the API accepts no cookie, and the BFF no token.
func TestCookieAndTokenStayOnTheirSides(t *testing.T) {
	t.Parallel()
	p := sharedProduct(t, shapes[0])
	b := newBrowser(t, p.bff)
	id := b.signUp("fay@example.com")
	b.want(b.sendRaw("GET", p.api+"/api/"+id+"/tasks", "", "Cookie", "better-auth.session_token="+b.cookie()), 401, "Not authenticated")
	stranger := newBrowser(t, p.bff)
	b.want(stranger.sendRaw("GET", p.bff+"/api/proxy/"+id+"/tasks", "", "Authorization", "Bearer "+mint(t, claims(id), secret)), 401, "NO_SESSION")
	b.want(stranger.sendRaw("GET", p.bff+"/api/"+id+"/tasks", ""), 404, "NOT_FOUND")
}

// TestMintedTokensVerifyElsewhere records the token that the BFF sends to the API, and verifies
// it with another library and the published keys alone.
func TestMintedTokensVerifyElsewhere(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"HS256", "EdDSA", "ES256"} {
		t.Run(alg, func(t *testing.T) {
			up := newUpstream(t)
			p := launch(t, shapes[0], "JWT_ALGORITHM="+alg, "BACKEND_URL="+up.url)
			b := newBrowser(t, p.bff)
			id := b.signUp("gus@example.com")
			b.want(b.send("GET", p.bff+"/api/proxy/echo", ""), 200, "")
			raw := up.last(t).header.Get("Authorization")[len("Bearer "):]
			jwks := b.want(b.send("GET", p.bff+"/api/auth/jwks", ""), 200, "keys")
			if got := jwks.header.Get("Cache-Control"); got != "public, max-age=300" {
				t.Errorf("got Cache-Control %q", got)
			}
			parsed, err := jwt.Parse(raw, func(token *jwt.Token) (any, error) {
				if alg == "HS256" {
					return []byte(secret), nil
				}
				return publishedKey(jwks.body, token.Header["kid"])
			}, jwt.WithValidMethods([]string{alg}), jwt.WithIssuer("better-auth"), jwt.WithAudience("fastapi-backend"),
				jwt.WithExpirationRequired(), jwt.WithSubject(id))
			if err != nil {
				t.Fatal(err)
			}
			if got := len(parsed.Claims.(jwt.MapClaims)); got != 8 {
				t.Errorf("got claims %v, want iss aud sub client_id sid jti iat exp and no more", parsed.Claims)
			}
			if _, err := jwt.Parse(raw[:len(raw)-6]+"AAAAAA", func(token *jwt.Token) (any, error) {
				if alg == "HS256" {
					return []byte(secret), nil
				}
				return publishedKey(jwks.body, token.Header["kid"])
			}); err == nil {
				t.Error("a tampered token verifies")
			}
			if alg == "HS256" && jwks.body != `{"keys":[]}` {
				t.Errorf("got %s, want no key published", jwks.body)
			}
		})
	}
}

// publishedKey picks a key out of a JWKS (RFC 7517, RFC 8037).
func publishedKey(jwks string, kid any) (any, error) {
	var set struct {
		Keys []struct{ Kty, Crv, Kid, X, Y, D string }
	}
	if err := json.Unmarshal([]byte(jwks), &set); err != nil {
		return nil, err
	}
	for _, k := range set.Keys {
		if k.D != "" {
			return nil, fmt.Errorf("key %s is published with its private part", k.Kid)
		}
		if k.Kid != kid {
			continue
		}
		x, err := base64.RawURLEncoding.DecodeString(k.X)
		if err != nil {
			return nil, err
		}
		if k.Crv == "Ed25519" {
			return ed25519.PublicKey(x), nil
		}
		y, err := base64.RawURLEncoding.DecodeString(k.Y)
		if err != nil {
			return nil, err
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	}
	return nil, fmt.Errorf("no key %v in %s", kid, jwks)
}

// TestAsymmetricModesWorkInEveryShape: the API finds the BFF's keys by itself.
func TestAsymmetricModesWorkInEveryShape(t *testing.T) {
	t.Parallel()
	for _, s := range shapes {
		for _, alg := range []string{"EdDSA", "ES256"} {
			t.Run(alg+" "+s.name, func(t *testing.T) {
				p := launch(t, s, "JWT_ALGORITHM="+alg)
				b := newBrowser(t, p.bff)
				id := b.signUp("hal@example.com")
				b.want(b.send("POST", p.bff+"/api/proxy/me/tasks", `{"title":"signed"}`), http.StatusCreated, "signed")
				b.want(b.sendRaw("GET", p.api+"/api/"+id+"/tasks", "", "Authorization", "Bearer "+mint(t, claims(id), secret)), 401, "Invalid token")
			})
		}
	}
}
