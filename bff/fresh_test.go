package bff_test

import (
	"strings"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/store"
)

// sensitive are the requests that need a password proven lately, with a body that
// would succeed.
func sensitive(far string) map[string]string {
	return map[string]string{
		"/api/auth/change-email":          `{"newEmail":"new@example.com"}`,
		"/api/auth/revoke-session":        `{"token":"` + far + `"}`,
		"/api/auth/revoke-other-sessions": `{}`,
		"/api/auth/revoke-sessions":       `{}`,
		"/api/auth/delete-user":           `{}`,
	}
}

// TestASessionAloneIsNotEnough: ten minutes after the password was proven, who has
// the cookie alone changes nothing that matters.
func TestASessionAloneIsNotEnough(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, there := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		far := handle(s.t, there.signIn("ada@example.com", "paper-lantern-42"))
		s.clock.Advance(10 * time.Minute)
		before := s.stateOf("ada@example.com")
		for path, body := range sensitive(far) {
			v.want(v.do("POST", path, body), 403, `"code":"SESSION_NOT_FRESH"`)
		}
		// Nor is a new password set by who does not give the current one.
		v.want(v.do("POST", "/api/auth/change-password", `{"currentPassword":"wrong","newPassword":"another password"}`), 400, "INVALID_PASSWORD")
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"wrong"}`), 400, "INVALID_PASSWORD")
		v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"new@example.com"}`), 403, "SESSION_NOT_FRESH")
		after := s.stateOf("ada@example.com")
		after.Events -= 2 // of the wrong passwords
		if before.User != after.User || before.Password != after.Password || len(after.Sessions) != 2 || before.Events != after.Events {
			s.t.Errorf("got %+v, want %+v", after, before)
		}
		if mails := s.events(store.EventEmailChange); len(mails) != 0 {
			s.t.Errorf("a change of address was asked for: %+v", mails)
		}
	})
}

// TestAProofOfThePasswordCountsForOneSession, and it ends by itself.
func TestAProofOfThePasswordCountsForOneSession(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		owner, thief := s.visitor(), s.visitor()
		owner.signUp("ada@example.com")
		thief.signIn("ada@example.com", "paper-lantern-42")
		s.clock.Advance(10 * time.Minute)
		owner.want(owner.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 200, `{"status":true}`)
		thief.want(thief.do("POST", "/api/auth/revoke-other-sessions", `{}`), 403, "SESSION_NOT_FRESH")
		owner.want(owner.do("POST", "/api/auth/change-email", `{"newEmail":"new@example.com"}`), 200, "")
		s.clock.Advance(10 * time.Minute)
		owner.want(owner.do("POST", "/api/auth/revoke-other-sessions", `{}`), 403, "SESSION_NOT_FRESH")
		owner.want(owner.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 200, "")
		owner.want(owner.do("POST", "/api/auth/revoke-other-sessions", `{}`), 200, "")
		if thief.signedIn() || !owner.signedIn() {
			s.t.Errorf("signed in: thief %t, owner %t", thief.signedIn(), owner.signedIn())
		}
		if events := s.events(store.EventPasswordProven); len(events) != 2 || events[0].SessionID == "" {
			s.t.Errorf("got events %+v, want two proofs", events)
		}
	})
}

// TestWhatNeedsNoFreshSession: to sign out anywhere is never refused, a password in
// the request is a proof, and a new secret begins with one.
func TestWhatNeedsNoFreshSession(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		own := handle(s.t, v.signUp("ada@example.com"))
		s.clock.Advance(time.Hour)
		v.want(v.do("POST", "/api/auth/revoke-session", `{"token":"`+own+`"}`), 200, "")
		if v.signedIn() {
			s.t.Error("a session did not end itself")
		}
		v.signIn("ada@example.com", "paper-lantern-42")
		v.want(v.do("POST", "/api/auth/revoke-other-sessions", `{}`), 200, "")
		s.clock.Advance(time.Hour)
		v.want(v.do("POST", "/api/auth/change-password", `{"currentPassword":"paper-lantern-42","newPassword":"another password"}`), 200, "")
		v.want(v.do("POST", "/api/auth/revoke-other-sessions", `{}`), 200, "")
		s.clock.Advance(time.Hour)
		v.want(v.do("POST", "/api/auth/update-user", `{"name":"Ada"}`), 200, "")
		v.want(v.do("POST", "/api/auth/delete-user", `{"password":"another password"}`), 200, "User deleted")
	})
}

// TestGuessesAtTheProofAreLimited, and the limit is not lifted by what is not a proof.
func TestGuessesAtTheProofAreLimited(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		for range 10 {
			v.want(v.do("POST", "/api/auth/verify-password", `{"password":"wrong"}`), 400, "INVALID_PASSWORD")
		}
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 429, "TOO_MANY_REQUESTS")
		v.want(v.do("GET", "/api/proxy/x", ""), 200, "") // the session lives
	})
}

// TestALateAnswerClearsNoNewerCookie: a request was sent with the secret that a new
// password or sign-in has replaced since.
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

// TestTheCookieOfAnEndedSessionIsCleared: a session that somebody else has ended is no
// matter of late answers.
func TestTheCookieOfAnEndedSessionIsCleared(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
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

// TestAStaleCookieLocksNobodyOut: a browser still has a cookie of our name with a
// Domain, of another secret or of a session that has ended.
func TestAStaleCookieLocksNobodyOut(t *testing.T) {
	t.Parallel()
	const name = "__Secure-better-auth.session_token"
	each(t, func(s *site) {
		v := s.visitor()
		sign := func() string {
			a := v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 200, "")
			return strings.Split(cookieLine(s.t, a), ";")[0]
		}
		v.want(v.do("POST", "/api/auth/signup", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 200, "")
		ended := sign()
		s.visitor().want(s.visitor().do("POST", "/api/auth/sign-out", "", "Cookie", ended), 200, "")
		for what, stale := range map[string]string{
			"of another secret":           name + "=YWJj.n27lvooJn27lvooJn27lvooJn27lvooJn27lvooJvmY%3D",
			"of nothing":                  name + "=left-over",
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

// TestAThiefsGuessesBlockTheirOwnSession, and not the owner's.
func TestAThiefsGuessesBlockTheirOwnSession(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		owner, thief := s.visitor(), s.visitor()
		owner.signUp("ada@example.com")
		thief.signIn("ada@example.com", "paper-lantern-42")
		for range 10 {
			thief.want(thief.do("POST", "/api/auth/verify-password", `{"password":"wrong"}`), 400, "INVALID_PASSWORD")
		}
		thief.want(thief.do("POST", "/api/auth/verify-password", `{"password":"wrong"}`), 429, "")
		owner.want(owner.do("POST", "/api/auth/change-password", `{"currentPassword":"paper-lantern-42","newPassword":"another password"}`), 200, "")
	})
}

// TestNobodyIsShutOutOfTheirAddress: somebody has signed up with a stranger's address
// and left it for their own, so that it is kept. The stranger gets in by a mail.
func TestNobodyIsShutOutOfTheirAddress(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		thief, owner := s.visitor(), s.visitor()
		thief.signUp("ada@example.com")
		thief.want(thief.do("POST", "/api/auth/change-email", `{"newEmail":"eve@example.com"}`), 200, "")
		thief.want(thief.follow(s.link("eve@example.com", 1)), 302, "")
		owner.want(owner.do("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"another-lantern-42"}`), 422, "")
		owner.want(owner.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
		link := s.link("ada@example.com", 3) // after the notices before and after the change
		owner.want(owner.do("POST", "/api/auth/undo-email", `{"token":"`+tokenOf(t, link)+`","newPassword":"another-lantern-42"}`), 200, "")
		owner.signIn("ada@example.com", "another-lantern-42")
		if thief.signedIn() {
			s.t.Error("the thief is still in")
		}
	})
}
