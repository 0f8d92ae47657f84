package bff_test

import (
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/store"
)

func threeSessions(c *bff.Config) { c.SessionsPerUser = 3 }

// TestASignInBeyondTheLimitIsLetIn: refusing it would let somebody who has the password
// lock the owner out. It ends the session that was used longest ago, at once.
func TestASignInBeyondTheLimitIsLetIn(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		first := s.visitor()
		first.signUp("ada@example.com")
		visitors := []*visitor{first}
		other := s.visitor()
		other.signUp("bob@example.com")
		for range 4 {
			s.clock.Advance(time.Second)
			v := s.visitor()
			v.signIn("ada@example.com", "paper-lantern-42")
			visitors = append(visitors, v)
		}
		for i, v := range visitors {
			if got, want := v.signedIn(), i >= 2; got != want {
				t.Errorf("visitor %d: got signed in %t, want %t", i, got, want)
			}
		}
		if got := len(visitors[4].sessions()); got != 3 {
			t.Errorf("got %d sessions, want 3", got)
		}
		if !other.signedIn() {
			t.Error("another user's session has ended")
		}
		revoked := s.events(store.EventSessionRevoked)
		if len(revoked) != 2 || revoked[0].Actor != store.ActorUser || revoked[0].IPAddress == "" || revoked[0].Detail != "more than 3 sessions (SESSIONS_PER_USER)" {
			t.Errorf("got %+v, want an event for each", revoked)
		}
	}, threeSessions)
}

// TestAReplacedSessionHasEnded: who signs in again in one browser ends no other's.
func TestAReplacedSessionHasEnded(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, w := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		for range 6 {
			s.clock.Advance(time.Second)
			w.signIn("ada@example.com", "paper-lantern-42")
		}
		if !v.signedIn() || len(s.events(store.EventSessionRevoked)) != 0 {
			t.Error("the other browser's session has ended")
		}
	}, threeSessions)
}

// TestSessionsBeyondALowerLimitEndByThemselves.
func TestSessionsBeyondALowerLimitEndByThemselves(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		var visitors []*visitor
		v := s.visitor()
		v.signUp("ada@example.com")
		visitors = append(visitors, v)
		for range 3 {
			s.clock.Advance(time.Second)
			v := s.visitor()
			v.signIn("ada@example.com", "paper-lantern-42")
			visitors = append(visitors, v)
		}
		if err := bff.TrimSessions(t.Context(), s.server, 2); err != nil {
			t.Fatal(err)
		}
		for i, v := range visitors {
			if got, want := v.signedIn(), i >= 2; got != want {
				t.Errorf("visitor %d: got signed in %t, want %t", i, got, want)
			}
		}
		if revoked := s.events(store.EventSessionRevoked); len(revoked) != 2 || revoked[0].Actor != store.ActorSystem {
			t.Errorf("got %+v", revoked)
		}
	})
}

// TestChangesOfTheProfileAreLimited: each leaves an event, which is kept for months.
func TestChangesOfTheProfileAreLimited(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, other := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		other.signUp("bob@example.com")
		const limit = 60
		for range limit {
			v.want(v.do("POST", "/api/auth/update-user", `{"name":"Ada"}`), 200, "")
		}
		for range 2 {
			v.tooMany(v.do("POST", "/api/auth/update-user", `{"name":"Ada"}`))
		}
		if got := len(s.events(store.EventUserUpdated)); got != limit {
			t.Errorf("got %d events, want %d", got, limit)
		}
		other.want(other.do("POST", "/api/auth/update-user", `{"name":"Bob"}`), 200, "")
		s.clock.Advance(5 * time.Minute)
		v.want(v.do("POST", "/api/auth/update-user", `{"name":"Ada"}`), 200, "")
	})
}

// TestTheAddressOfADeletedAccountIsFreeAtOnce, and the clean-up of what is left of it
// touches nothing of the new one.
func TestTheAddressOfADeletedAccountIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, thief := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		thief.signIn("ada@example.com", "paper-lantern-42")
		v.want(v.do("POST", "/api/auth/delete-user", `{"password":"paper-lantern-42"}`), 200, "User deleted")
		if v.signedIn() || thief.signedIn() {
			t.Error("a session of the deleted user lives")
		}
		thief.want(thief.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 401, "INVALID_EMAIL_OR_PASSWORD")
		v.signUp("ada@example.com")
		if err := bff.PruneRemains(s.server, t.Context()); err != nil {
			t.Fatal(err)
		}
		if !v.signedIn() {
			t.Error("the new account's session has ended")
		}
	})
}
