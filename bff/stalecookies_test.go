package bff_test

import (
	"strings"
	"testing"
	"time"

	"vestibule/bff"
)

// TestALateAnswerClearsNoNewerCookie: a request was sent with a secret that a new password or
// a sign-in has replaced meanwhile.
func TestALateAnswerClearsNoNewerCookie(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		for name, replace := range map[string]func(*visitor){
			"a new password": func(v *visitor) {
				v.want(v.do("POST", "/api/auth/change-password", `{"currentPassword":"paper-lantern-42","newPassword":"paper-lantern-43"}`), 200, "")
				v.want(v.do("POST", "/api/auth/change-password", `{"currentPassword":"paper-lantern-43","newPassword":"paper-lantern-42"}`), 200, "")
			},
			"a new sign-in": func(v *visitor) { v.signIn("ada@example.com", "paper-lantern-42") },
			"out and in again": func(v *visitor) {
				v.do("POST", "/api/auth/sign-out", "{}")
				v.signIn("ada@example.com", "paper-lantern-42")
			},
			"its own revocation": func(v *visitor) {
				v.do("POST", "/api/auth/revoke-sessions", "{}")
				v.signIn("ada@example.com", "paper-lantern-42")
			},
		} {
			v := s.visitor()
			if a := v.do("POST", "/api/auth/signup", `{"email":"ada@example.com","password":"paper-lantern-42"}`); a.status != 200 {
				v.signIn("ada@example.com", "paper-lantern-42")
			}
			old := v.cookieHeader()
			replace(v)
			for _, late := range [][3]string{
				{"GET", "/api/proxy/x", ""}, {"GET", "/api/auth/list-sessions", ""}, {"POST", "/api/auth/update-user", `{"name":"Ada"}`},
			} {
				a := s.visitor().do(late[0], late[1], late[2], "Cookie", old)
				if line := cookieLine(s.t, a); a.status != 401 || line != "" {
					s.t.Errorf("%s: %s %s: got %d and cookie %q, want 401 and none", name, late[0], late[1], a.status, line)
				}
			}
			a := s.visitor().do("GET", "/api/auth/get-session", "", "Cookie", old)
			if line := cookieLine(s.t, a); a.body != "null" || line != "" {
				s.t.Errorf("%s: get-session: got %s and cookie %q, want null and none", name, a.body, line)
			}
			if !v.signedIn() {
				s.t.Errorf("%s: the browser is not signed in", name)
			}
			s.clock.Advance(time.Minute)
			a = s.visitor().want(s.visitor().do("GET", "/api/proxy/x", "", "Cookie", old), 401, "SESSION_EXPIRED")
			if line := cookieLine(s.t, a); !strings.Contains(line, "Max-Age=0") {
				s.t.Errorf("%s: got cookie %q after a minute, want the dead one cleared", name, line)
			}
		}
	})
}

// TestTheCookieOfAnEndedSessionIsCleared: the rule for late answers does not apply to a session
// that another browser has ended.
func TestTheCookieOfAnEndedSessionIsCleared(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		owner, thief := s.visitor(), s.visitor()
		owner.signUp("ada@example.com")
		thief.signIn("ada@example.com", "paper-lantern-42")
		owner.want(owner.do("POST", "/api/auth/revoke-other-sessions", `{}`), 200, "")
		a := thief.want(thief.do("GET", "/api/proxy/x", ""), 401, "SESSION_EXPIRED")
		if line := cookieLine(s.t, a); !strings.Contains(line, "Max-Age=0") {
			s.t.Errorf("got cookie %q, want it cleared", line)
		}
	})
}

// TestAStaleCookieLocksNobodyOut: a browser may send two cookies with our name, because an
// old one has a Domain. The old one was signed with another secret, or its session has ended.
func TestAStaleCookieLocksNobodyOut(t *testing.T) {
	t.Parallel()
	const name = "__Secure-better-auth.session_token"
	onSQLite(t, func(s *site) {
		v := s.visitor()
		sign := func() string {
			a := v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 200, "")
			return strings.Split(cookieLine(s.t, a), ";")[0]
		}
		v.want(v.do("POST", "/api/auth/signup", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 200, "")
		ended := sign()
		s.visitor().want(s.visitor().do("POST", "/api/auth/sign-out", "", "Cookie", ended), 200, "")
		for what, stale := range map[string]string{
			"signed with another secret":  name + "=YWJj.n27lvooJn27lvooJn27lvooJn27lvooJn27lvooJvmY%3D",
			"not signed":                  name + "=left-over",
			"of a session that has ended": ended,
		} {
			good := sign()
			for _, cookies := range []string{stale + "; " + good, good + "; " + stale} {
				x := s.visitor()
				x.want(x.do("GET", "/api/proxy/x", "", "Cookie", cookies), 200, "Bearer ")
				x.want(x.do("GET", "/api/auth/get-session", "", "Cookie", cookies), 200, "ada@example.com")
			}
			s.visitor().want(s.visitor().do("POST", "/api/auth/sign-out", "", "Cookie", stale+"; "+good), 200, "")
			if a := s.visitor().do("GET", "/api/proxy/x", "", "Cookie", good); a.status != 401 {
				s.t.Errorf("%s: got %d after signing out", what, a.status)
			}
		}
	}, func(c *bff.Config) { c.CookieName = name })
}
