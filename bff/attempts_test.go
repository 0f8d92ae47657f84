package bff_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"vestibule/internal/mailtest"
)

// wantTooMany checks a refusal above a limit.
func (v *visitor) wantTooMany(a answer) {
	v.t.Helper()
	v.want(a, 429, "TOO_MANY_REQUESTS")
	if a.header.Get("Retry-After") == "" || a.header.Get("Retry-After") != a.header.Get("X-Retry-After") {
		v.t.Errorf("got Retry-After %q and X-Retry-After %q", a.header.Get("Retry-After"), a.header.Get("X-Retry-After"))
	}
}

func TestSignInIsLimitedUnderBothNames(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		for i := range 10 {
			path := []string{"/api/auth/login", "/api/auth/sign-in/email"}[i%2]
			email := []string{"ada@example.com", "ADA@Example.com"}[i/2%2]
			v.want(v.do("POST", path, `{"email":"`+email+`","password":"wrong horse"}`), 401, "")
		}
		// Above the limit, the right password is refused too.
		v.wantTooMany(v.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"paper-lantern-42"}`))
		if !v.signedIn() {
			s.t.Error("the live session has ended")
		}
		v.want(v.do("POST", "/api/auth/login", `{"email":"eve@example.com","password":"paper-lantern-42"}`), 401, "")
		s.clock.Set(s.clock.Now().Add(5 * time.Minute))
		v.signIn("ada@example.com", "paper-lantern-42")
	})
}

func TestCurrentPasswordsAreLimited(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		for i := range 10 {
			a := []struct{ path, body string }{
				{"/api/auth/verify-password", `{"password":"wrong horse"}`},
				{"/api/auth/change-password", `{"currentPassword":"wrong horse","newPassword":"another horse"}`},
				{"/api/auth/delete-user", `{"password":"wrong horse"}`},
			}[i%3]
			v.want(v.do("POST", a.path, a.body), 400, "INVALID_PASSWORD")
		}
		v.wantTooMany(v.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`))
		v.wantTooMany(v.do("POST", "/api/auth/delete-user", `{"password":"paper-lantern-42"}`))
		if !v.signedIn() {
			s.t.Error("the session has ended")
		}
	})
}

func TestMailsAreLimited(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		ask := func(email string) answer {
			return v.do("POST", "/api/auth/request-password-reset", `{"email":"`+email+`"}`)
		}
		for range 4 {
			v.want(ask("ada@example.com"), 200, "")
			v.want(ask("nobody@example.com"), 200, "")
		}
		v.want(v.do("POST", "/api/auth/send-verification-email", `{"email":"ada@example.com"}`), 200, "")
		v.want(ask("nobody@example.com"), 200, "")
		v.wantTooMany(ask("ADA@example.com"))
		v.wantTooMany(ask("nobody@example.com")) // the same answer without an account
		v.wantTooMany(v.do("POST", "/api/auth/send-verification-email", `{"email":"ada@example.com"}`))
		v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"new@example.com"}`), 200, "")
		mailtest.Wait(s.t, s.mails, "ada@example.com", 5)
	})
}

// TestGuessesFromElsewhereDoNotLockTheOwnerOut: the guesses come from one big network, then
// from everywhere. The owner can sign in from addresses that they have used before.
func TestGuessesFromElsewhereDoNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		owner := s.visitor()
		owner.want(owner.do("POST", "/api/auth/signup", `{"email":"ada@example.com","password":"`+own+`"}`, "X-Forwarded-For", "203.0.113.1"), 200, "")
		at := func(ip, password string) answer {
			return s.visitor().do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+password+`"}`, "X-Forwarded-For", ip)
		}
		statuses := map[int]int{}
		for i := range 51 {
			statuses[at(fmt.Sprintf("2001:db8:7:%x::1", i), "wrong horse battery").status]++
		}
		if !maps.Equal(statuses, map[int]int{401: 20, 429: 31}) {
			s.t.Errorf("got %v from one network, want 20 guesses allowed", statuses)
		}
		owner.want(at("203.0.113.2", own), 200, "")
		for i := range 60 {
			at(fmt.Sprintf("198.51.100.%d", i), "wrong horse battery")
		}
		owner.wantTooMany(at("203.0.113.9", own))
		for _, known := range []string{"203.0.113.1", "203.0.113.2"} {
			owner.want(at(known, own), 200, "")
		}
	}, behindAProxy)
}

// TestABusyServerCountsNoFailure: an attempt that is refused because the server is busy does
// not count as a failure.
func TestABusyServerCountsNoFailure(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		empty := s.server.FillPasswordRoom(false)
		for range 61 {
			v.want(v.do("POST", "/api/auth/signup", `{"email":"eve@example.com","password":"paper-lantern-42"}`), 503, "BUSY")
		}
		for range 11 {
			v.want(v.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 503, "BUSY")
			v.want(v.do("POST", "/api/auth/login", `{"email":"nobody@example.com","password":"paper-lantern-42"}`), 503, "BUSY")
			v.want(v.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 503, "BUSY")
		}
		empty()
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 200, "")
		v.signIn("ada@example.com", "paper-lantern-42")
		s.visitor().signUp("eve@example.com")
		s.visitor().want(s.visitor().do("POST", "/api/auth/login", `{"email":"nobody@example.com","password":"paper-lantern-42"}`), 401, "")
	})
}

// TestTheRightPasswordClearsTheCounters: occasional mistakes never lock a user out.
func TestTheRightPasswordClearsTheCounters(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		for range 3 { // in one session
			for range 9 {
				v.want(v.do("POST", "/api/auth/verify-password", `{"password":"wrong horse"}`), 400, "INVALID_PASSWORD")
			}
			v.want(v.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 200, "")
		}
		for range 3 {
			for range 9 {
				v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"wrong horse"}`), 401, "INVALID_EMAIL_OR_PASSWORD")
			}
			v.signIn("ada@example.com", "paper-lantern-42")
		}
	})
}
