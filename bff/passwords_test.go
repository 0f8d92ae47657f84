package bff_test

import (
	"strconv"
	"strings"
	"testing"

	"vestibule/store"
)

func TestVerifyPassword(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 200, `{"status":true}`)
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"password124"}`), 400, "INVALID_PASSWORD")
		v.want(v.do("POST", "/api/auth/verify-password", `{}`), 400, "[body.password]")
		if events := s.events(store.EventPasswordFailed); len(events) != 1 || events[0].UserID == "" || events[0].SessionID == "" {
			s.t.Errorf("got events %+v, want one with user and session", events)
		}
	})
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, elsewhere := s.visitor(), s.visitor()
		first := handle(t, v.signUp("ada@example.com"))
		elsewhere.signIn("ada@example.com", "paper-lantern-42")
		old := v.cookieHeader()

		for _, tt := range []struct {
			body   string
			status int
			code   string
		}{
			{`{"currentPassword":"password124","newPassword":"another password"}`, 400, "INVALID_PASSWORD"},
			{`{"currentPassword":"paper-lantern-42","newPassword":"short"}`, 400, "PASSWORD_TOO_SHORT"},
			{`{"currentPassword":"paper-lantern-42","newPassword":"` + strings.Repeat("x", 129) + `"}`, 400, "PASSWORD_TOO_LONG"},
			{`{"newPassword":"another password"}`, 400, "[body.currentPassword]"},
			{`{"currentPassword":"paper-lantern-42"}`, 400, "[body.newPassword]"},
			{`{"currentPassword":"paper-lantern-42","newPassword":"another password","revokeOtherSessions":"no"}`, 400, "[body.revokeOtherSessions]"},
		} {
			v.want(v.do("POST", "/api/auth/change-password", tt.body), tt.status, tt.code)
		}
		if !v.signedIn() || !elsewhere.signedIn() {
			s.t.Fatal("somebody was signed out by a refused change")
		}

		a := v.want(v.do("POST", "/api/auth/change-password", `{"currentPassword":"paper-lantern-42","newPassword":"another password"}`), 200, "ada@example.com")
		if second := handle(t, a); second == first || !strings.Contains(cookieLine(t, a), "Max-Age=604800") {
			s.t.Errorf("got handle %s after %s, cookie %q; want a new session", second, first, cookieLine(t, a))
		}
		if !v.signedIn() || elsewhere.signedIn() {
			s.t.Errorf("signed in: here %t, elsewhere %t; want only here", v.signedIn(), elsewhere.signedIn())
		}
		thief := s.visitor()
		thief.want(thief.do("GET", "/api/proxy/x", "", "Cookie", old), 401, "SESSION_EXPIRED")
		thief.want(thief.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 401, "")
		elsewhere.signIn("ada@example.com", "another password")

		a = v.want(v.do("POST", "/api/auth/change-password", `{"currentPassword":"another password","newPassword":"paper-lantern-42","revokeOtherSessions":false}`), 200, "")
		if !v.signedIn() || !elsewhere.signedIn() || cookieLine(t, a) == "" {
			s.t.Errorf("signed in: here %t, elsewhere %t; want both, and a new cookie here", v.signedIn(), elsewhere.signedIn())
		}
		if events := s.events(store.EventPasswordChanged); len(events) != 2 || events[0].SessionID == first {
			s.t.Errorf("got events %+v, want two, of the new sessions", events)
		}
		if mail := s.mail("ada@example.com", 2); strings.Contains(mail, "http") && strings.Contains(mail, "token") {
			s.t.Errorf("the notice has a link with a token:\n%s", mail)
		}
	})
}

// TestANewPasswordKeepsRememberMe: a session that ends with the browser stays one.
func TestANewPasswordKeepsRememberMe(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"paper-lantern-42","rememberMe":false}`), 200, "")
		a := v.want(v.do("POST", "/api/auth/change-password", `{"currentPassword":"paper-lantern-42","newPassword":"another password"}`), 200, "")
		if line := cookieLine(t, a); line == "" || strings.Contains(line, "Max-Age") {
			s.t.Errorf("got cookie %q, want one that ends with the browser", line)
		}
	})
}

// TestChangesDuringPasswordVerification: verification takes time. The transaction after it must
// see what has changed meanwhile.
func TestChangesDuringPasswordVerification(t *testing.T) {
	t.Parallel()
	const verify, change, signIn = "/api/auth/verify-password", "/api/auth/change-password", "/api/auth/sign-in/email"
	each(t, func(s *site) {
		for i, tt := range []struct {
			name, path string
			by         func(userID string) error
			status     int
			code       string
		}{
			{"the session ends", verify, s.revokeAll, 401, "UNAUTHORIZED"},
			{"the session ends", change, s.revokeAll, 401, "UNAUTHORIZED"},
			{"the password changes", verify, s.replacePassword, 400, "INVALID_PASSWORD"},
			{"the password changes", change, s.replacePassword, 400, "INVALID_PASSWORD"},
			{"the user is deleted", verify, s.deleteUser, 401, "UNAUTHORIZED"},
			{"the user is deleted", change, s.deleteUser, 401, "UNAUTHORIZED"},
			{"the password changes", signIn, s.replacePassword, 401, "INVALID_EMAIL_OR_PASSWORD"},
			{"the user is deleted", signIn, s.deleteUser, 401, "INVALID_EMAIL_OR_PASSWORD"},
		} {
			v := s.visitor()
			email := "ada" + strconv.Itoa(i) + "@example.com"
			v.signUp(email)
			user := s.userBy(email)
			undo := s.server.InterruptVerify(func() {
				if err := tt.by(user.ID); err != nil {
					s.t.Error(err)
				}
			})
			a := v.do("POST", tt.path, map[string]string{
				verify: `{"password":"paper-lantern-42"}`,
				change: `{"currentPassword":"paper-lantern-42","newPassword":"another-horse-43"}`,
				signIn: `{"email":"` + email + `","password":"paper-lantern-42"}`,
			}[tt.path])
			undo()
			if a.status != tt.status || !strings.Contains(a.body, tt.code) || cookieLine(s.t, a) != "" {
				s.t.Errorf("%s during %s: got %d %s %q, want %d %s and no cookie", tt.name, tt.path, a.status, a.body, cookieLine(s.t, a), tt.status, tt.code)
			}
		}
	})
}

func (s *site) revokeAll(userID string) error {
	return s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.RevokeSessions(userID, "", store.Event{At: s.clock.Now()}) })
}

// replacePassword changes the password and ends no session.
func (s *site) replacePassword(userID string) error {
	old, err := s.db.PasswordHash(s.t.Context(), userID)
	if err != nil {
		return err
	}
	return s.db.ReplacePasswordHash(s.t.Context(), userID, old, "another", s.clock.Now())
}

func (s *site) deleteUser(userID string) error {
	return s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error { return tx.DeleteUser(userID, store.Event{At: s.clock.Now()}) })
}
