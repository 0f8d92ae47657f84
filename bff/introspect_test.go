package bff_test

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
	"vestibule/store"
)

const (
	introspectPath = "/api/auth/oauth2/introspect"
	revokePath     = "/api/auth/oauth2/revoke"
)

// present sends a token to one of the endpoints about tokens.
func (s *service) present(path, raw string, params ...string) answer {
	s.t.Helper()
	return s.visitor().do("POST", path, form(append([]string{"token", raw}, params...)...),
		"Content-Type", "application/x-www-form-urlencoded", "Authorization", s.basic())
}

// inactive checks that a service learns nothing about a token. The answer is always the same
// bytes.
func (s *service) inactive(name, raw string) {
	s.t.Helper()
	if a := s.present(introspectPath, raw); a.status != 200 || strings.TrimSpace(a.body) != `{"active":false}` {
		s.t.Errorf("%s: got %d %s, want it inactive", name, a.status, a.body)
	}
}

// active checks that a service learns what a token says.
func (s *service) active(name, raw string) {
	s.t.Helper()
	want := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(raw, want); err != nil {
		s.t.Fatal(err)
	}
	want["active"], want["token_type"] = true, "Bearer"
	a := s.present(introspectPath, raw, "token_type_hint", "access_token")
	if diff := cmp.Diff(map[string]any(want), object(s.t, a.body)); a.status != 200 || diff != "" {
		s.t.Errorf("%s: got %d (-want +got):\n%s", name, a.status, diff)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" {
		s.t.Errorf("%s: got header %v, want no cache to keep it", name, a.header)
	}
}

// TestIntrospection: a service learns what a good token says, if the token concerns it.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"HS256", "ES256"} {
		each(t, func(s *site) {
			v := s.visitor()
			v.signUp("ada@example.com")
			token := func(a answer) string {
				raw, _ := object(s.t, v.want(a, 200, "access_token").body)["access_token"].(string)
				return raw
			}
			api := s.newService("the API", []string{"exchange"}, nil, nil)
			orders := s.newService("the orders", []string{"exchange"}, nil, []string{"orders"})
			caller := s.newService("caller", []string{"credentials", "exchange"}, []string{"orders:read", "tasks:read"}, []string{"orders", "billing"})
			spy := s.newService("spy", []string{"credentials", "exchange"}, []string{"spy:read"}, []string{"spy"})
			users := v.userToken()
			own := token(caller.ask("grant_type", "client_credentials", "audience", "billing"))
			exchanged := token(caller.exchange(users, "audience", "orders"))

			api.active("a user's token", users)
			caller.active("a token that it was given", own)
			caller.active("a token for the orders", exchanged)
			orders.active("a token for the orders", exchanged)

			orders.inactive("a user's token for another API", users)
			orders.inactive("a service's token for another API", own)
			for name, raw := range map[string]string{
				"a user's token": users, "another's own token": own, "another's exchanged token": exchanged,
				"garbage": "x", "another signature": users[:len(users)-6] + "AAAAAA", "its own secret": spy.secret,
			} {
				spy.inactive(name, raw)
			}
			api.inactive("another signature", users[:len(users)-6]+"AAAAAA")
			row, err := s.db.ClientByID(t.Context(), api.id)
			if err != nil || row.LastUsedAt == nil {
				s.t.Errorf("got %+v, %v, want its use recorded", row, err)
			}
			s.clock.Advance(5 * time.Minute)
			api.inactive("an expired token", users)
			caller.inactive("its own expired token", own)
		}, func(c *bff.Config) { c.JWTAlgorithm = alg })
	}
}

// TestATokenIsInactiveWithoutItsOwner: at once, while it still verifies.
func TestATokenIsInactiveWithoutItsOwner(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		api := s.newService("the API", []string{"exchange"}, nil, nil)
		issue := func(v *visitor, name string) (c *service, users, own, exchanged string) {
			c = s.newService(name, []string{"credentials", "exchange"}, []string{"tasks:read"}, nil)
			users = v.userToken()
			own, _, _ = s.issued(c.ask("grant_type", "client_credentials"))
			exchanged, _, _ = s.issued(c.exchange(users))
			for _, raw := range []string{users, own, exchanged} {
				api.active("of "+name, raw)
			}
			return c, users, own, exchanged
		}
		s.eachEnding(func(v *visitor, email string, end func(), want string) {
			_, users, own, exchanged := issue(v, strings.TrimSuffix(email, "@example.com"))
			end()
			api.inactive(want, users)
			api.inactive(want, exchanged)
			api.active(want, own)
		})
		v := s.visitor()
		v.signUp("ada@example.com")
		c, users, own, exchanged := issue(v, "deleted")
		if err := s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.DeleteClient(c.id) }); err != nil {
			s.t.Fatal(err)
		}
		api.active("the user's", users)
		api.inactive("a deleted client's own", own)
		api.inactive("one exchanged by a deleted client", exchanged)
		other := s.newService("other", []string{"exchange"}, []string{"tasks:read"}, nil)
		s.refused(other.exchange(exchanged), 400, "invalid_request", "client was deleted")
	})
}

// TestRequestsAboutTokensAreRefused: by the rules of the token endpoint, with its limit on
// guesses.
func TestRequestsAboutTokensAreRefused(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		s.server.DelayNothing()
		c := s.service("reports", "tasks:read")
		const kind = "application/x-www-form-urlencoded"
		v := s.visitor()
		for _, path := range []string{introspectPath, revokePath} {
			s.refused(v.do("POST", path, "token=x", "Content-Type", kind), 401, "invalid_client", "must authenticate")
			s.refused(v.do("POST", path, "token_type_hint=x", "Content-Type", kind, "Authorization", c.basic()), 400, "invalid_request", "token is missing")
			s.refused(v.do("POST", path, "token=x&token=y", "Content-Type", kind, "Authorization", c.basic()), 400, "invalid_request", "more than once")
			s.refused(v.do("POST", path, `{"token":"x"}`, "Content-Type", "application/json", "Authorization", c.basic()), 400, "invalid_request", "Content-Type")
			s.refused(v.do("POST", path+"?token=x", "", "Content-Type", kind, "Authorization", c.basic()), 400, "invalid_request", "URL")
			s.refused(v.do("POST", path, "token="+strings.Repeat("x", 32<<10), "Content-Type", kind, "Authorization", c.basic()), 413, "invalid_request", "larger")
			v.want(v.do("POST", path, "token=x", "Content-Type", kind, "Origin", "https://evil.example", "Authorization", c.basic()), 403, "INVALID_ORIGIN")
			v.want(v.do("GET", path, ""), 405, "METHOD_NOT_ALLOWED")
		}
		wrong := &service{s, c.id, "vcs_wrong"}
		for i := range 10 { // they count together
			s.refused(wrong.present([]string{introspectPath, revokePath}[i%2], "x"), 401, "invalid_client", "wrong secret")
		}
		s.refused(wrong.ask("grant_type", "client_credentials"), 429, "temporarily_unavailable", "Too many")
		s.refused(wrong.present(introspectPath, "x"), 429, "temporarily_unavailable", "Too many")
		c.inactive("with the right secret", "x")
	})
}
