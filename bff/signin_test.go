package bff_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("bea@example.com")
		a := v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"BEA@example.com","password":"paper-lantern-42"}`), 200, "bea@example.com")
		if !strings.HasPrefix(a.body, `{"redirect":false,"token":"ses_`) {
			s.t.Errorf("got %s", a.body)
		}
		a = v.want(v.do("POST", "/api/auth/login", `{"email":"bea@example.com","password":"paper-lantern-42","rememberMe":false}`), 200, "")
		if line := cookieLine(s.t, a); line == "" || strings.Contains(line, "Max-Age") {
			s.t.Errorf("got cookie %q, want one that ends with the browser", line)
		}
		// The same password, typed as full-width letters, is the same password.
		v.want(v.do("POST", "/api/auth/login", `{"email":"bea@example.com","password":"ｐａｐｅｒ-ｌａｎｔｅｒｎ-42"}`), 200, "")
	})
}

func TestUnknownAddressAndWrongPasswordAnswerAlike(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		s.visitor().signUp("cleo@example.com")
		wrong := s.visitor().do("POST", "/api/auth/login", `{"email":"cleo@example.com","password":"password124"}`)
		unknown := s.visitor().do("POST", "/api/auth/login", `{"email":"nobody@example.com","password":"paper-lantern-42"}`)
		short := s.visitor().do("POST", "/api/auth/login", `{"email":"nobody@example.com","password":"x"}`)
		for _, a := range []answer{wrong, unknown, short} {
			a.header.Del("Date")
			a.header.Del("X-Request-Id")
		}
		if wrong.status != 401 || wrong.body != `{"error":"Unauthorized","code":"INVALID_EMAIL_OR_PASSWORD","message":"Invalid email or password"}` {
			s.t.Errorf("got %d %s", wrong.status, wrong.body)
		}
		for _, other := range []answer{unknown, short} {
			if d := cmp.Diff(wrong.body, other.body); d != "" {
				s.t.Error(d)
			}
			if d := cmp.Diff(wrong.header, other.header); d != "" {
				s.t.Error(d)
			}
		}
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/login", `{"email":"cleo","password":"x"}`), 400, "INVALID_EMAIL")
		v.want(v.do("POST", "/api/auth/login", `{"email":"cleo@example.com"}`), 400, "[body.password]")
		v.want(v.do("POST", "/api/auth/login", `{"email":"cleo@example.com","password":"`+strings.Repeat("x", 300)+`"}`), 400, "PASSWORD_TOO_LONG")
	})
}

func TestSignInUpgradesAnOldHash(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("dora@example.com")
		_, old, err := s.db.CredentialByEmail(s.t.Context(), "dora@example.com")
		if err != nil {
			s.t.Fatal(err)
		}
		stronger := newIdleSite(s.t, s.db, func(c *bff.Config) { c.PasswordParams.Iterations = 2 }).visitor()
		stronger.want(stronger.do("POST", "/api/auth/login", `{"email":"dora@example.com","password":"paper-lantern-42"}`), 200, "")
		_, raised, err := s.db.CredentialByEmail(s.t.Context(), "dora@example.com")
		if err != nil {
			s.t.Fatal(err)
		}
		if raised == old || !strings.Contains(raised, "t=2") {
			s.t.Errorf("got hash %s after sign-in, want it with t=2", raised)
		}
		v.want(v.do("POST", "/api/auth/login", `{"email":"dora@example.com","password":"paper-lantern-42"}`), 200, "")
	})
}

func TestSignInEndsThePresentedSession(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("hedi@example.com")
		old := v.cookieHeader()
		v.want(v.do("POST", "/api/auth/login", `{"email":"hedi@example.com","password":"paper-lantern-42"}`), 200, "")
		thief := s.visitor()
		thief.want(thief.do("GET", "/api/proxy/x", "", "Cookie", old), 401, "SESSION_EXPIRED")
		v.want(v.do("GET", "/api/proxy/x", ""), 200, "")
		// A wrong password ends nothing.
		v.want(v.do("POST", "/api/auth/login", `{"email":"hedi@example.com","password":"wrong password"}`), 401, "")
		v.want(v.do("GET", "/api/proxy/x", ""), 200, "")
	})
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/logout", ""), 200, `{"success":true}`)
		v.signUp("gil@example.com")
		stolen := v.cookieHeader()
		a := v.want(v.do("POST", "/api/auth/sign-out", "{}"), 200, `{"success":true}`)
		if line := cookieLine(s.t, a); line != "better-auth.session_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" {
			s.t.Errorf("got cookie %q", line)
		}
		s.clock.Advance(time.Minute) // before that, the answer could be late and clear the cookie of a new sign-in
		thief := s.visitor()
		a = thief.want(thief.do("GET", "/api/auth/session", "", "Cookie", stolen), 200, "null")
		if line := cookieLine(s.t, a); !strings.Contains(line, "Max-Age=0") {
			s.t.Errorf("got cookie %q, want the dead one cleared", line)
		}
		a = thief.want(thief.do("GET", "/api/proxy/x", "", "Cookie", stolen), 401, `"code":"SESSION_EXPIRED","message":"Session expired. Please log in again."`)
		if line := cookieLine(s.t, a); !strings.Contains(line, "Max-Age=0") {
			s.t.Errorf("got cookie %q, want the dead one cleared", line)
		}
		thief.want(thief.do("POST", "/api/auth/logout", "x", "Content-Type", "text/plain"), 415, "")
	})
}

func TestSignInReturnsTheCallbackURL(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		sign := func(target string) answer {
			return v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42","callbackURL":"`+target+`"}`)
		}
		a := v.want(sign("/dash"), 200, `{"redirect":true,"token":"ses_`)
		if got := object(t, a.body)["url"]; got != "/dash" || a.header.Get("Location") != "/dash" {
			s.t.Errorf("got url %v, Location %q", got, a.header.Get("Location"))
		}
		if a := v.signIn("ada@example.com", "paper-lantern-42"); strings.Contains(a.body, `"url"`) || a.header.Get("Location") != "" {
			s.t.Errorf("got %s, Location %q; want neither URL", a.body, a.header.Get("Location"))
		}
		stays := v.cookieHeader()
		v.want(sign("https://evil.example/"), 403, "INVALID_CALLBACK_URL")
		v.want(sign(`\\\\evil.example`), 403, "INVALID_CALLBACK_URL")
		if v.cookieHeader() != stays {
			s.t.Error("a refused sign-in changed the session")
		}
		for field, code := range map[string]string{"redirectTo": "INVALID_REDIRECT_URL", "errorCallbackURL": "INVALID_ERROR_CALLBACK_URL", "newUserCallbackURL": "INVALID_NEW_USER_CALLBACK_URL"} {
			v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42","`+field+`":"//evil.example"}`), 403, code)
		}
		v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42","`+url.PathEscape("callbackURL")+`":"//evil.example"}`), 403, "INVALID_CALLBACK_URL")
	})
}
