package bff_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/bff"
	"vestibule/internal/storetest"
	"vestibule/store"
)

const userInfoPath = "/api/auth/oauth2/userinfo"

// userInfo asks with a token, from a service that has no cookie.
func (s *site) userInfo(raw string) answer {
	s.t.Helper()
	return s.visitor().do("GET", userInfoPath, "", "Authorization", "Bearer "+raw)
}

// notTold checks a refusal: an error in OAuth's form, and a challenge that names it.
func (s *site) notTold(a answer, status int, code, part string) {
	s.t.Helper()
	got := object(s.t, a.body)
	description, _ := got["error_description"].(string)
	if a.status != status || got["error"] != code || !strings.Contains(description, part) || len(got) != 2 {
		s.t.Errorf("got %d %s, want %d %s with %q", a.status, a.body, status, code, part)
	}
	want := map[bool]string{true: "Bearer realm=", false: ""}[status == 401 || status == 403]
	if challenge := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, want) || (want == "") != (challenge == "") ||
		strings.Contains(challenge, "error=") != (code == "invalid_token" || code == "insufficient_scope") {
		s.t.Errorf("%s: got WWW-Authenticate %q", a.body, challenge)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Set-Cookie") != "" {
		s.t.Errorf("got header %v", a.header)
	}
}

func TestUserInfo(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		id := object(t, v.signUp("ada@example.com").body)["user"].(map[string]any)["id"].(string)
		raw := v.userToken()
		want := `{"sub":"` + id + `","email":"ada@example.com","email_verified":false,"name":"ada"}`
		c := s.service("billing", "tasks:read token:exchange", "mail")
		traded, _, _ := s.issued(c.exchange(raw, "audience", "mail"))
		for name, one := range map[string]string{"the token of a session": raw, "an exchanged token for another audience": traded} {
			a := s.userInfo(one)
			if a.status != 200 || strings.TrimSpace(a.body) != want || a.header.Get("Content-Type") != "application/json" ||
				a.header.Get("Cache-Control") != "no-store" || a.header.Get("Set-Cookie") != "" {
				s.t.Errorf("%s: got %d %s %v, want %s", name, a.status, a.body, a.header, want)
			}
		}
		v.want(s.visitor().do("HEAD", userInfoPath, "", "Authorization", "bearer  "+raw), 200, "")
		// What is told is as of now.
		v.want(v.do("POST", "/api/auth/update-user", `{"name":""}`), 200, "")
		if err := s.db.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.VerifyAddress(id, s.clock.Now()) }); err != nil {
			s.t.Fatal(err)
		}
		a := s.userInfo(raw)
		if want = `{"sub":"` + id + `","email":"ada@example.com","email_verified":true}`; strings.TrimSpace(a.body) != want {
			s.t.Errorf("got %s, want %s", a.body, want)
		}
		c.revoke(traded)
		s.notTold(s.userInfo(traded), 401, "invalid_token", "revoked")
	})
}

func TestUserInfoRefusals(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	a := v.signUp("ada@example.com")
	id, session := object(t, a.body)["user"].(map[string]any)["id"].(string), handle(t, a)
	raw := v.userToken()
	own, _, _ := s.issued(s.service("reports", "tasks:read").ask("grant_type", "client_credentials"))
	right := strings.Repeat("s", 32)
	forged := func(name string, value any, key string) string {
		claims := jwt.MapClaims{"iss": "better-auth", "aud": "x", "sub": id, "sid": session, "exp": s.clock.Now().Add(time.Minute).Unix()}
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
		signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	v.want(s.userInfo(forged("aud", "billing", right)), 200, id) // the others differ in one thing
	ask := func(authorization ...string) answer {
		return v.doRaw("GET", userInfoPath, "", http.Header{"Authorization": authorization})
	}
	for _, tt := range []struct {
		name       string
		answer     answer
		status     int
		code, part string
	}{
		{"a cookie alone", v.do("GET", userInfoPath, ""), 401, "invalid_request", "Authorization"},
		{"another scheme", ask("Basic " + raw), 401, "invalid_request", "Bearer"},
		{"no token", ask("Bearer "), 401, "invalid_request", "Bearer"},
		{"the token alone", ask(raw), 401, "invalid_request", "Bearer"},
		{"two headers", ask("Bearer "+raw, "Bearer "+raw), 400, "invalid_request", "more than one"},
		{"garbage", ask("Bearer a.b.c"), 401, "invalid_token", "compact JWS"},
		{"the session's handle", ask("Bearer " + session), 401, "invalid_token", "compact JWS"},
		{"more than the token", ask("Bearer " + raw + " x"), 401, "invalid_token", "compact JWS"},
		{"another secret", s.userInfo(forged("aud", "billing", right+"x")), 401, "invalid_token", "signature"},
		{"another issuer", s.userInfo(forged("iss", "x", right)), 401, "invalid_token", "iss"},
		{"no audience", s.userInfo(forged("aud", nil, right)), 401, "invalid_token", "aud"},
		{"an expired token", s.userInfo(forged("exp", s.clock.Now().Unix(), right)), 401, "invalid_token", "expired"},
		{"no session", s.userInfo(forged("sid", nil, right)), 401, "invalid_token", "no session"},
		{"another session", s.userInfo(forged("sid", "ses_other", right)), 401, "invalid_token", "session has ended"},
		{"no user", s.userInfo(forged("sub", "usr_nobody", right)), 401, "invalid_token", "names no user"},
		{"a service's own token", s.userInfo(own), 403, "insufficient_scope", "service's own"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			here := *s
			here.t = t
			here.notTold(tt.answer, tt.status, tt.code, tt.part)
		})
	}
	v.want(v.do("POST", userInfoPath, "", "Authorization", "Bearer "+raw), 405, "METHOD_NOT_ALLOWED")
	// No page of another site can send the header or read the answer.
	preflight := v.do("OPTIONS", userInfoPath, "", "Origin", "https://app.example.com", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization")
	if got := preflight.header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("got a preflight that allows %q", got)
	}
	s.server.DelayRefusals("127.0.0.1") // those after this one wait for long
	if !s.isDelayed("GET", userInfoPath, "Authorization", "Bearer x") || !s.isDelayed("GET", userInfoPath) || s.isDelayed("GET", userInfoPath, "Authorization", "Bearer "+raw) {
		t.Error("a refusal is not delayed, or an answer is")
	}
}

// TestUserInfoEndsWithTheSession: unlike the token at the API.
func TestUserInfoEndsWithTheSession(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		s.eachEnding(func(v *visitor, email string, end func(), want string) {
			raw := v.userToken()
			v.want(s.userInfo(raw), 200, email)
			end()
			s.notTold(s.userInfo(raw), 401, "invalid_token", want)
		})
	})
}

func TestUserInfoWithAsymmetricKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.JWTAlgorithm = "EdDSA" })
	v := s.visitor()
	v.signUp("ada@example.com")
	raw := v.userToken()
	v.want(s.userInfo(raw), 200, "ada@example.com")
	s.notTold(s.userInfo(raw[:len(raw)-6]+"AAAAAA"), 401, "invalid_token", "")
}
