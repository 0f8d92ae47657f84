package bff_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/mailtest"
	"vestibule/internal/storetest"
	"vestibule/store"
)

// tooMany checks a refusal past a limit.
func (v *visitor) tooMany(a answer) {
	v.t.Helper()
	v.want(a, 429, "TOO_MANY_REQUESTS")
	if a.header.Get("Retry-After") == "" || a.header.Get("Retry-After") != a.header.Get("X-Retry-After") {
		v.t.Errorf("got Retry-After %q and X-Retry-After %q", a.header.Get("Retry-After"), a.header.Get("X-Retry-After"))
	}
}

func TestSignInIsLimitedUnderBothNames(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		for i := range 10 {
			path := []string{"/api/auth/login", "/api/auth/sign-in/email"}[i%2]
			email := []string{"ada@example.com", "ADA@Example.com"}[i/2%2]
			v.want(v.do("POST", path, `{"email":"`+email+`","password":"wrong horse"}`), 401, "")
		}
		// Past the limit not even the right password says anything.
		v.tooMany(v.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"paper-lantern-42"}`))
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
	each(t, func(s *site) {
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
		v.tooMany(v.do("POST", "/api/auth/verify-password", `{"password":"paper-lantern-42"}`))
		v.tooMany(v.do("POST", "/api/auth/delete-user", `{"password":"paper-lantern-42"}`))
		if !v.signedIn() {
			s.t.Error("the session has ended")
		}
	})
}

func TestMailsAreLimited(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
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
		v.tooMany(ask("ADA@example.com"))
		v.tooMany(ask("nobody@example.com")) // the same, though there is no account
		v.tooMany(v.do("POST", "/api/auth/send-verification-email", `{"email":"ada@example.com"}`))
		v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"new@example.com"}`), 200, "")
		mailtest.Wait(s.t, s.mails, "ada@example.com", 5)
	})
}

// TestOldEventsAreDeleted has more of them than are deleted at a time.
func TestOldEventsAreDeleted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		now := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
		add := func(at time.Time, n int) {
			t.Helper()
			for range n {
				if err := db.Record(t.Context(), store.Event{At: at, Type: "x", Actor: store.ActorSystem}); err != nil {
					t.Fatal(err)
				}
			}
		}
		add(now.Add(-2*time.Hour), 1200)
		add(now.Add(-30*time.Minute), 3)
		s := newSite(t, db, func(c *bff.Config) { c.AuditRetention = time.Hour })
		for end := time.Now().Add(20 * time.Second); len(s.events("x")) != 3; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("got %d events, want the three that are young enough", len(s.events("x")))
			}
		}
	})
}

// TestGuessesFromElsewhereDoNotLockTheOwnerOut, be they from one big network or from
// all over, where they have signed up or in before.
func TestGuessesFromElsewhereDoNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
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
			s.t.Errorf("got %v from one network, want 20 guesses let through", statuses)
		}
		owner.want(at("203.0.113.2", own), 200, "")
		for i := range 60 {
			at(fmt.Sprintf("198.51.100.%d", i), "wrong horse battery")
		}
		owner.tooMany(at("203.0.113.9", own))
		for _, known := range []string{"203.0.113.1", "203.0.113.2"} {
			owner.want(at(known, own), 200, "")
		}
	}, behindAProxy)
}

// TestABusyServerCountsNoFailure: an attempt that was refused because the room was full does
// not count, however often it is repeated.
func TestABusyServerCountsNoFailure(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
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

// TestTheRightPasswordClearsTheCounters: who mistypes it now and then is never locked out.
func TestTheRightPasswordClearsTheCounters(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
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
