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

// userToken returns the token that the API gets for a visitor.
func (v *visitor) userToken() string {
	v.t.Helper()
	_, raw, _ := strings.Cut(v.want(v.do("GET", "/api/proxy/x", ""), 200, "Bearer ").body, "Bearer ")
	return raw
}

func (s *service) exchange(subject string, params ...string) answer {
	s.t.Helper()
	return s.ask(append([]string{"grant_type", exchange, "subject_token_type", accessToken, "subject_token", subject}, params...)...)
}

func TestTokenExchange(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		a := v.signUp("ada@example.com")
		user, session := object(t, a.body)["user"].(map[string]any)["id"].(string), handle(t, a)
		c := s.service("billing", "tasks:read tasks:write token:exchange", "mail", "https://ledger.example.com/")
		raw := v.userToken()
		s.clock.Advance(100 * time.Second)
		now := float64(s.clock.Now().Unix())

		_, claims, body := s.issued(c.exchange(raw, "audience", "mail", "scope", "tasks:read"))
		want := jwt.MapClaims{
			"iss": "better-auth", "aud": "mail", "sub": user, "sid": session, "client_id": c.id, "scope": "tasks:read",
			"act": map[string]any{"sub": c.id}, "iat": now, "exp": now + 200, // it expires with the user's token
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			s.t.Errorf("claims (-want +got):\n%s", diff)
		}
		delete(body, "access_token")
		if diff := cmp.Diff(map[string]any{"token_type": "Bearer", "issued_token_type": accessToken, "expires_in": 200.0, "scope": "tasks:read"}, body); diff != "" {
			s.t.Errorf("answer (-want +got):\n%s", diff)
		}
		events := s.events(store.EventTokenExchanged)
		if len(events) != 1 {
			s.t.Fatalf("got events %+v", events)
		}
		e := events[0]
		if e.Actor != store.ActorClient || e.ClientID != c.id || e.UserID != user || e.SessionID != session || e.RequestID == "" ||
			!strings.Contains(e.Detail, `scope "tasks:read" for mail; `+c.id+" acts for the user") {
			s.t.Errorf("got event %+v", e)
		}

		_, claims, body = s.issued(c.exchange(raw, "resource", "https://ledger.example.com/", "requested_token_type", "urn:ietf:params:oauth:token-type:jwt"))
		if claims["aud"] != "https://ledger.example.com/" || claims["scope"] != "tasks:read tasks:write" || body["issued_token_type"] != "urn:ietf:params:oauth:token-type:jwt" {
			s.t.Errorf("got claims %v in %v", claims, body)
		}
		row, err := s.db.ClientByID(t.Context(), c.id)
		if err != nil || row.LastUsedAt == nil {
			s.t.Errorf("got %+v, %v, want its use recorded", row, err)
		}
	})
}

func TestTokenExchangeRefusals(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		c := s.service("billing", "tasks:read token:exchange", "mail", "ledger")
		plain := s.service("plain", "tasks:read token:exchange")
		writer := s.service("writer", "tasks:write token:exchange")
		raw := v.userToken()
		own, _, _ := s.issued(c.ask("grant_type", "client_credentials"))
		narrowed, _, _ := s.issued(c.exchange(raw, "audience", "mail"))
		reading, _, _ := s.issued(plain.exchange(raw))
		forged := func(change func(jwt.MapClaims), key string) string {
			claims := jwt.MapClaims{"iss": "better-auth", "aud": "fastapi-backend", "sub": "usr_nobody", "exp": s.clock.Now().Add(time.Minute).Unix()}
			change(claims)
			signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key))
			if err != nil {
				s.t.Fatal(err)
			}
			return signed
		}
		right := strings.Repeat("s", 32)
		same := func(jwt.MapClaims) {}
		for _, tt := range []struct {
			name       string
			answer     answer
			code, part string
		}{
			{"no subject", c.ask("grant_type", exchange, "subject_token_type", accessToken, "audience", "mail"), "invalid_request", "subject_token is missing"},
			{"no type", c.ask("grant_type", exchange, "subject_token", raw, "audience", "mail"), "invalid_request", "subject_token_type is missing"},
			{"another type", c.ask("grant_type", exchange, "subject_token", raw, "subject_token_type", "urn:ietf:params:oauth:token-type:saml2"), "invalid_request", "subject_token_type"},
			{"another type wanted", c.exchange(raw, "requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), "invalid_request", "requested_token_type"},
			{"an actor token", c.exchange(raw, "actor_token", own), "invalid_request", "actor_token"},
			{"no audience of several", c.exchange(raw), "invalid_target", "mail ledger"},
			{"an audience of another client", c.exchange(raw, "audience", "fastapi-backend"), "invalid_target", "not allowed"},
			{"an audience and another resource", c.exchange(raw, "audience", "mail", "resource", "https://x/"), "invalid_target", "two"},
			{"a resource with a fragment", c.exchange(raw, "resource", "https://x/#"), "invalid_target", "fragment"},
			{"a scope that the client lacks", plain.exchange(raw, "scope", "tasks:write"), "invalid_scope", "tasks:write"},
			{"the scope to exchange", plain.exchange(raw, "scope", "token:exchange"), "invalid_scope", "token:exchange"},
			{"a scope that the token lacks", writer.exchange(reading, "scope", "tasks:write"), "invalid_scope", "tasks:write"},
			{"no scope in common", writer.exchange(reading), "invalid_scope", "in common"},
			{"a service's own token", plain.exchange(own), "invalid_request", "names no user"},
			{"a token for another audience", plain.exchange(narrowed), "invalid_request", "aud"},
			{"garbage", plain.exchange("x"), "invalid_request", "compact JWS"},
			{"a cookie", plain.exchange("a.b"), "invalid_request", "compact JWS"},
			{"another secret", plain.exchange(forged(same, right+"x")), "invalid_request", "signature"},
			{"nobody's token", plain.exchange(forged(same, right)), "invalid_request", "names no user"},
			{"a tampered token", plain.exchange(raw[:len(raw)-6] + "AAAAAA"), "invalid_request", ""},
			{"another issuer", plain.exchange(forged(func(c jwt.MapClaims) { c["iss"] = "x" }, right)), "invalid_request", "iss"},
			{"a session that no database can hold", plain.exchange(forged(func(c jwt.MapClaims) { c["sid"] = "ses\x00" }, right)), "invalid_request", "sid"},
			{"an expired token", plain.exchange(forged(func(c jwt.MapClaims) { c["exp"] = s.clock.Now().Unix() }, right)), "invalid_request", "expired"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				here := *s
				here.t = t
				here.refused(tt.answer, 400, tt.code, tt.part)
			})
		}
		failed := s.events(store.EventTokenExchangeFailed)
		if len(failed) != 10 || failed[0].ClientID != plain.id || !strings.Contains(failed[0].Detail, "names no user") {
			s.t.Errorf("got %d events %+v", len(failed), failed)
		}
		s.clock.Advance(5 * time.Minute)
		s.refused(plain.exchange(raw), 400, "invalid_request", "expired")
	})
}

// eachEnding signs a user up for each way in which the token of a session ends before it
// expires. end ends it, and want is in the refusal. The user has another session.
func (s *site) eachEnding(test func(v *visitor, email string, end func(), want string)) {
	s.t.Helper()
	for name, tt := range map[string]struct {
		end  func(v *visitor, userID string) error
		want string
	}{
		"signout": {func(v *visitor, _ string) error {
			v.want(v.do("POST", "/api/auth/logout", ""), 200, "")
			return nil
		}, "session has ended"},
		"revocation": {func(_ *visitor, id string) error { return s.revokeAll(id) }, "session has ended"},
		"disabling": {func(_ *visitor, id string) error {
			return s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.DisableUser(id, store.Event{At: s.clock.Now()}) })
		}, "user is disabled"},
		"deletion": {func(_ *visitor, id string) error { return s.deleteUser(id) }, "names no user"},
	} {
		email, v := name+"@example.com", s.visitor()
		id := object(s.t, v.signUp(email).body)["user"].(map[string]any)["id"].(string)
		s.visitor().signIn(email, "paper-lantern-42")
		test(v, email, func() {
			if err := tt.end(v, id); err != nil {
				s.t.Fatalf("%s: %v", name, err)
			}
		}, tt.want)
	}
}

// TestRevocationReachesTheExchange: a valid token cannot be exchanged after its session has
// ended or its user is disabled or deleted.
func TestRevocationReachesTheExchange(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		c := s.service("billing", "tasks:read token:exchange")
		s.eachEnding(func(v *visitor, _ string, end func(), want string) {
			raw := v.userToken()
			traded, _, _ := s.issued(c.exchange(raw))
			end()
			s.refused(c.exchange(raw), 400, "invalid_request", want)
			s.refused(c.exchange(traded), 400, "invalid_request", want) // an exchanged token names the session too
		})
	})
}

// TestATokenNamesEveryServiceItWentThrough: three at most.
func TestATokenNamesEveryServiceItWentThrough(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		raw := v.userToken()
		var act any
		for _, name := range []string{"one", "two", "three"} {
			c := s.service(name, "tasks:read token:exchange")
			var claims jwt.MapClaims
			raw, claims, _ = s.issued(c.exchange(raw))
			want := map[string]any{"sub": c.id}
			if act != nil {
				want["act"] = act
			}
			act = want
			if diff := cmp.Diff(any(want), claims["act"]); diff != "" {
				s.t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		s.refused(s.service("four", "tasks:read token:exchange").exchange(raw), 400, "invalid_request", "3 services")
	})
}

// TestExchangeWithAsymmetricKeys: the subject token is verified with the published keys.
func TestExchangeWithAsymmetricKeys(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"EdDSA", "ES256"} {
		each(t, func(s *site) {
			v := s.visitor()
			v.signUp("ada@example.com")
			c := s.service("billing", "tasks:read token:exchange")
			a := v.want(c.exchange(v.userToken()), 200, "access_token")
			traded, _ := object(t, a.body)["access_token"].(string)
			v.want(c.exchange(traded), 200, "access_token")
			s.refused(c.exchange(traded[:len(traded)-6]+"AAAAAA"), 400, "invalid_request", "")
			hs, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{}).SignedString([]byte(strings.Repeat("s", 32)))
			if err != nil {
				s.t.Fatal(err)
			}
			s.refused(c.exchange(hs), 400, "invalid_request", "alg is not "+alg)
		}, func(c *bff.Config) { c.JWTAlgorithm = alg })
	}
}
