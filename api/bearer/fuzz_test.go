package bearer

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
	"vestibule/internal/web"
)

// FuzzVerify: with a valid signature on any header and any claims, we accept no caller that
// another library refuses or reads as somebody else.
func FuzzVerify(f *testing.F) {
	f.Add(plainHeader, payload(""))
	f.Add(`{"alg":"none"}`, payload(""))
	f.Add(`{"alg":"HS256","typ":"at+jwt","kid":"a"}`, payloadWith("aud", `["a","fastapi-backend"]`))
	f.Add(plainHeader, payloadWith("exp", "1.5e9"))
	f.Add(plainHeader, payloadWith("sub", `"\u0000"`))
	now := func() time.Time { return noon }
	v := &Verifier{now: now, own: &trust{
		algorithm: jose.HS256, issuer: testIssuer, audience: testAudience, scopes: scopes,
		keys: secrets{newKeyring([]jose.Key{jose.Secret(testSecret)})},
	}}
	reference := jwt.NewParser(jwt.WithValidMethods([]string{jose.HS256}), jwt.WithIssuer(testIssuer), jwt.WithAudience(testAudience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(now),
		jwt.WithLeeway(jose.Skew+time.Second)) // the library rounds to seconds, we do not
	f.Fuzz(func(t *testing.T, header, claims string) {
		token := forge(header, claims, testSecret)
		got, err := v.verify(t.Context(), token)
		if err != nil {
			var refused *web.Error
			if !errors.As(err, &refused) || refused.Status != 401 {
				t.Errorf("got %v, want a 401", err)
			}
			return
		}
		parsed, err := reference.Parse(token, func(*jwt.Token) (any, error) { return testSecret, nil })
		if err != nil {
			t.Fatalf("believed %s.%s, which another library refuses: %v", header, claims, err)
		}
		if want, err := parsed.Claims.GetSubject(); err != nil || got.Subject != want {
			t.Errorf("got subject %q, want %q (%v)", got.Subject, want, err)
		}
	})
}

// FuzzClaims: a validly signed token opens no more than its scope claim, and only a service
// names other users.
func FuzzClaims(f *testing.F) {
	f.Add(payload(""), false)
	f.Add(payloadWith("sub", `"svc_a"`), true)
	f.Add(payload(`,"scope":"tasks:read","act":{"sub":"svc_a","act":{"sub":"svc_b"}}`), false)
	f.Add(payload(`,"scope":"tasks:write tasks:read"`), true)
	f.Add(payload(`,"scope":["tasks:read"]`), false)
	f.Fuzz(func(t *testing.T, raw string, further bool) {
		by := &trust{issuer: testIssuer, audience: testAudience, scopes: scopes, further: further}
		if further {
			by.scopes = []string{tasksRead}
		}
		claims, err := jose.ParseClaims([]byte(raw))
		if err != nil {
			return
		}
		c, err := by.caller(claims, noon)
		if err != nil {
			return
		}
		if further && (!c.Service || !strings.HasPrefix(c.Subject, testIssuer+IssuerSeparator)) {
			t.Errorf("got %+v, want a service with its issuer's name", c)
		}
		if !further && c.Service != strings.HasPrefix(c.Subject, "svc_") {
			t.Errorf("got %+v, want a service exactly where sub says so", c)
		}
		if len(common(by.scopes, c.Scopes)) != len(c.Scopes) {
			t.Errorf("got scopes %q, want at most %q", c.Scopes, by.scopes)
		}
		if (c.Service || c.Actor != "") && len(c.Scopes) != 0 && !strings.Contains(strings.ReplaceAll(raw, `\u`, "tasks:"), "tasks:") {
			t.Errorf("got scopes %q of claims that name none: %s", c.Scopes, raw)
		}
	})
}

func FuzzScope(f *testing.F) {
	for _, seed := range []string{`""`, `"tasks:read"`, `"tasks:write  tasks:read "`, `"TASKS:READ"`, `["tasks:read"]`, `"tasks:read\t"`, `null`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, claim string) {
		c := Caller{}
		var err error
		c.Scopes, err = (&trust{scopes: scopes}).opened(c, jsontext.Value(claim))
		if claim == "" {
			return // without the claim everything is open
		}
		if err != nil {
			if c.Scopes != nil {
				t.Errorf("got %q with an error", c.Scopes)
			}
			return
		}
		text, _ := jose.Text(jsontext.Value(claim))
		words := strings.Fields(text)
		if c.May(tasksRead) != slices.Contains(words, tasksRead) || c.May(tasksWrite) != slices.Contains(words, tasksWrite) {
			t.Errorf("%s: got %q", claim, c.Scopes)
		}
	})
}
