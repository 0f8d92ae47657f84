package bff_test

import (
	"strings"
	"testing"

	"vestibule/bff"
	"vestibule/store"
)

func TestTheTokenIsNotExposedByDefault(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		v.want(v.do("GET", "/api/auth/token", ""), 404, "NOT_FOUND")
		a := v.do("GET", "/api/auth/get-session", "")
		if got := a.header.Get("set-auth-jwt"); got != "" {
			s.t.Errorf("got set-auth-jwt %q, want none", got)
		}
	})
}

func TestTheTokenIsExposedIfConfigured(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("GET", "/api/auth/token", ""), 401, "UNAUTHORIZED")
		if got := v.want(v.do("GET", "/api/auth/get-session", ""), 200, "null").header.Get("set-auth-jwt"); got != "" {
			s.t.Errorf("got set-auth-jwt %q without a session", got)
		}
		v.signUp("ada@example.com")
		token, _ := object(t, v.want(v.do("GET", "/api/auth/token", ""), 200, "token").body)["token"].(string)
		if proxied := v.do("GET", "/api/proxy/x", "").body; token == "" || !strings.HasSuffix(proxied, "Bearer "+token) {
			s.t.Errorf("got token %q, and the API gets %q", token, proxied)
		}
		a := v.do("GET", "/api/auth/get-session", "", "Origin", "https://app.example.com")
		if got := a.header.Get("set-auth-jwt"); got != token {
			s.t.Errorf("got set-auth-jwt %q, want the token", got)
		}
		if got := a.header.Get("Access-Control-Expose-Headers"); !strings.Contains(got, "Set-Auth-Jwt") {
			s.t.Errorf("got Access-Control-Expose-Headers %q", got)
		}
	}, func(c *bff.Config) { c.ExposeToken = true })
}

func TestStatusPages(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("GET", "/api/auth/ok", ""), 200, `{"ok":true}`)
		v.want(v.do("GET", "/api/auth/error?error=INVALID_TOKEN", ""), 200, "<code>INVALID_TOKEN</code>")
		v.want(v.do("GET", "/api/auth/error?error=it's", ""), 200, "<code>it&#39;s</code>")
		for _, code := range []string{"", "%3Cscript%3E", "a%20b", strings.Repeat("x", 101)} {
			a := v.want(v.do("GET", "/api/auth/error?error="+code, ""), 200, "<code>UNKNOWN</code>")
			if got := a.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
				s.t.Errorf("got Content-Type %q", got)
			}
			if got := a.header.Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'") {
				s.t.Errorf("got policy %q", got)
			}
		}
	})
}

// TestANewKeyIsInTheAuditTrail: anyone who can add a key can act as any user.
func TestANewKeyIsInTheAuditTrail(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		events := s.events(store.EventKeyCreated)
		if len(events) != 1 || events[0].Actor != store.ActorSystem || !strings.HasPrefix(events[0].Detail, "EdDSA key_") {
			s.t.Errorf("got %+v, want one event that names the key", events)
		}
	}, func(c *bff.Config) { c.JWTAlgorithm = "EdDSA" })
}
