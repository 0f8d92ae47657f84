package api

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
	"vestibule/internal/web"
)

// FuzzVerify: with a right signature on any header and any claims, nobody is
// let in whom another library would refuse or take for somebody else.
func FuzzVerify(f *testing.F) {
	f.Add(plainHeader, payload(""))
	f.Add(`{"alg":"none"}`, payload(""))
	f.Add(`{"alg":"HS256","typ":"at+jwt","kid":"a"}`, payloadWith("aud", `["a","fastapi-backend"]`))
	f.Add(plainHeader, payloadWith("exp", "1.5e9"))
	f.Add(plainHeader, payloadWith("sub", `"\u0000"`))
	now := func() time.Time { return noon }
	v := &verifier{now: now, own: &trust{
		algorithm: jose.HS256, issuer: testIssuer, audience: testAudience, scopes: scopeAll,
		keys: secrets{newKeyring([]jose.Key{jose.Secret(testSecret)})},
	}}
	reference := jwt.NewParser(jwt.WithValidMethods([]string{jose.HS256}), jwt.WithIssuer(testIssuer), jwt.WithAudience(testAudience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(now),
		jwt.WithLeeway(jose.Skew+time.Second)) // it rounds to seconds, we do not
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
		if want, err := parsed.Claims.GetSubject(); err != nil || got.subject != want {
			t.Errorf("got subject %q, want %q (%v)", got.subject, want, err)
		}
	})
}

// FuzzTaskBody: what is accepted can be stored on both databases.
func FuzzTaskBody(f *testing.F) {
	f.Add([]byte(`{"title":" a ","description":null,"completed":true,"id":1}`))
	f.Add([]byte(`{"title":"\u0000","x":1}`))
	f.Add([]byte(`{"title":"a","title":"b"}`))
	f.Add([]byte(`{"description":"\ud83d\ude00"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		object, err := web.ParseObject(body)
		if err != nil {
			return
		}
		task, err := newTask(object)
		if err != nil {
			if len(web.AsError(err).Fields) == 0 {
				t.Errorf("got %v, want an error that names a field", err)
			}
			return
		}
		if n := utf8.RuneCountInString(task.Title); n < 1 || n > maxTitle || strings.TrimSpace(task.Title) != task.Title {
			t.Errorf("title: got %q, want 1 to %d code points, trimmed", task.Title, maxTitle)
		}
		texts := []string{task.Title}
		if task.Description != nil {
			texts = append(texts, *task.Description)
			if n := utf8.RuneCountInString(*task.Description); n > maxDescription {
				t.Errorf("description: got %d code points, want at most %d", n, maxDescription)
			}
		}
		for _, text := range texts {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				t.Errorf("got %q, want text that a database takes", text)
			}
		}
		var sent map[string]json.RawMessage
		if err := json.Unmarshal(body, &sent); err != nil {
			t.Fatalf("accepted %q, which is no JSON to another parser: %v", body, err)
		}
		known := append([]string{"title", "description", "completed"}, readOnly...)
		for name := range sent {
			if !slices.Contains(known, name) {
				t.Errorf("accepted the unknown field %q", name)
			}
		}
	})
}
