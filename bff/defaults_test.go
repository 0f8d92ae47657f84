package bff_test

import (
	"testing"
	"time"

	"vestibule/store"
)

// TestNobodyHasAnAccountFromTheStart: there is no administrator whose password
// everybody knows.
func TestNobodyHasAnAccountFromTheStart(t *testing.T) {
	each(t, func(s *site) {
		users, err := s.db.Users(t.Context(), store.UserFilter{}, "", 1)
		if err != nil || len(users) != 0 {
			s.t.Errorf("got users %+v, %v in a new database, want none", users, err)
		}
		clients, err := s.db.Clients(t.Context())
		if err != nil || len(clients) != 0 {
			s.t.Errorf("got clients %+v, %v in a new database, want none", clients, err)
		}
	})
}

// TestAPasswordDoesNotExpire: whoever must change it every month writes it down.
func TestAPasswordDoesNotExpire(t *testing.T) {
	each(t, func(s *site) {
		v := s.visitor()
		const credentials = `{"email":"ada@example.com","password":"seven green umbrellas"}`
		v.want(v.do("POST", "/api/auth/sign-up/email", credentials), 200, "")
		s.clock.Advance(20 * 365 * 24 * time.Hour)
		later := s.visitor()
		later.want(later.do("POST", "/api/auth/sign-in/email", credentials), 200, `{"redirect":false,"token":"ses_`)
	})
}
