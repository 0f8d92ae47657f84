package bff_test

import (
	"net/http"
	"testing"
)

// TestASessionThatEndsDuringAResetIsNotRenewed: a reset that finds the caller's session alive
// must not start a new session after that session has ended. The reset itself succeeds.
func TestASessionThatEndsDuringAResetIsNotRenewed(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "/api/auth/reset-password", nil)
		if err != nil {
			s.t.Fatal(err)
		}
		r.Header.Set("Cookie", v.cookieHeader())
		for _, ended := range []bool{false, true} {
			renewed, err := s.server.RenewSession(r, func() {
				if ended {
					v.want(v.do("POST", "/api/auth/logout", ""), 200, "")
				}
			})
			if err != nil || renewed == ended {
				s.t.Errorf("session ended %t: got renewed %t, %v", ended, renewed, err)
			}
			if !ended { // the first run has replaced the session
				v.signIn("ada@example.com", "paper-lantern-42")
				r.Header.Set("Cookie", v.cookieHeader())
			}
		}
	})
}
