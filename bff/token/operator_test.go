package token

import (
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"vestibule/internal/jose"
)

func TestATokenOfAnOperatorNamesItsSubjectAndScope(t *testing.T) {
	t.Parallel()
	clk := newClock()
	scope := func(s string) *string { return &s }
	issued := float64(clk.Now().Unix())
	for _, tc := range []struct {
		name, subject string
		scope         *string
		want          any
	}{
		{"a user's", "usr_alice", nil, nil},
		{"a service's", "svc_one", scope("tasks:read tasks:write"), "tasks:read tasks:write"},
		{"one with an empty scope", "svc_one", scope(""), ""},
	} {
		for _, algorithm := range algorithms {
			t.Run(tc.name+", "+algorithm, func(t *testing.T) {
				c := config(algorithm, clk)
				m := mustOpen(t, c, &memory{})
				minted, err := m.MintFor(tc.subject, tc.scope)
				if err != nil {
					t.Fatal(err)
				}
				parsed, err := verify(t, minted.Raw, c, mustJWKS(t, m))
				if err != nil {
					t.Fatal(err)
				}
				got := parsed.Claims.(jwt.MapClaims)
				if id, _ := got["jti"].(string); len(id) < 26 {
					t.Errorf("got jti %v", got["jti"])
				}
				delete(got, "jti")
				want := jwt.MapClaims{"iss": "better-auth", "aud": "fastapi-backend", "sub": tc.subject, "iat": issued, "exp": issued + 300, "client_id": "vestibule"}
				if strings.HasPrefix(tc.subject, "svc_") {
					want["client_id"] = tc.subject
				}
				if tc.want != nil {
					want["scope"] = tc.want
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if got := minted.Expires.Unix(); got != int64(issued)+300 {
					t.Errorf("got an end at %v", got)
				}
			})
		}
	}
	if got, err := mustOpen(t, config(jose.HS256, clk), nil).MintFor("", scope("tasks:read")); err == nil {
		t.Errorf("for nobody: got %v, want an error", got)
	}
}
