package bff_test

import (
	"testing"
	"time"

	"vestibule/store"
)

// sensitive returns the requests that need a recent proof of the password, each with a valid
// body.
func sensitive(far string) map[string]string {
	return map[string]string{
		"/api/auth/change-email":          `{"newEmail":"new@example.com"}`,
		"/api/auth/revoke-session":        `{"token":"` + far + `"}`,
		"/api/auth/revoke-other-sessions": `{}`,
		"/api/auth/revoke-sessions":       `{}`,
		"/api/auth/delete-user":           `{}`,
	}
}

// TestASessionAloneIsNotEnough: ten minutes after the password was proven, the cookie alone
// can no longer change anything important.
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
		// A new password needs the current one.
		v.want(v.do("POST", "/api/auth/change-password", `{"currentPassword":"wrong","newPassword":"another password"}`), 400, "INVALID_PASSWORD")
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"wrong"}`), 400, "INVALID_PASSWORD")
		v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"new@example.com"}`), 403, "SESSION_NOT_FRESH")
		after := s.stateOf("ada@example.com")
		after.Events -= 2 // the wrong passwords
		if before.User != after.User || before.Password != after.Password || len(after.Sessions) != 2 || before.Events != after.Events {
			s.t.Errorf("got %+v, want %+v", after, before)
		}
		if mails := s.events(store.EventEmailChange); len(mails) != 0 {
			s.t.Errorf("a change of address was requested: %+v", mails)
		}
	})
}

// TestAProofOfThePasswordCountsForOneSession: and it expires.
func TestAProofOfThePasswordCountsForOneSession(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
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

// TestOperationsThatNeedNoFreshSession: a session can always end itself, a password in the
// request is a proof, and a session that was started with a password is fresh.
func TestOperationsThatNeedNoFreshSession(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		own := handle(s.t, v.signUp("ada@example.com"))
		s.clock.Advance(time.Hour)
		v.want(v.do("POST", "/api/auth/revoke-session", `{"token":"`+own+`"}`), 200, "")
		if v.signedIn() {
			s.t.Error("the session did not end itself")
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

// TestGuessesAtTheProofAreLimited: above the limit, the right password is refused too.
func TestGuessesAtTheProofAreLimited(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		for range 10 {
			v.want(v.do("POST", "/api/auth/verify-password", `{"password":"wrong"}`), 400, "INVALID_PASSWORD")
		}
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 429, "TOO_MANY_REQUESTS")
		v.want(v.do("GET", "/api/proxy/x", ""), 200, "") // the session is still alive
	})
}

// TestAThiefsGuessesBlockTheirOwnSession: not the owner's session.
func TestAThiefsGuessesBlockTheirOwnSession(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
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
