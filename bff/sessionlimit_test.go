package bff_test

import (
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/store"
)

func threeSessions(c *bff.Config) { c.SessionsPerUser = 3 }

// TestASignInAboveTheLimitSucceeds: a refusal would let anyone who knows the password lock the
// owner out. The sign-in ends the least recently used session.
func TestASignInAboveTheLimitSucceeds(t *testing.T) {
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

// TestASecondSignInReplacesTheSession: signing in again in one browser ends no other browser's
// session.
func TestASecondSignInReplacesTheSession(t *testing.T) {
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

func TestSessionsAboveALoweredLimitEnd(t *testing.T) {
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
