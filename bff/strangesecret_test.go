package bff_test

import (
	"strings"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/secrets"
	"vestibule/store/db"
)

// TestACookieOfAnUnknownSecretIsKeptDuringAChange: another instance signs with a secret that
// this one does not know. Its cookies are not ours to clear.
func TestACookieOfAnUnknownSecretIsKeptDuringAChange(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		running := func(secret string, previous ...string) {
			t.Helper()
			var old [][]byte
			for _, p := range previous {
				old = append(old, []byte(p))
			}
			held, err := secrets.Held([]byte(secret), old)
			if err != nil {
				s.t.Fatal(err)
			}
			s.beat(held)
		}
		v := s.visitor()
		v.signUp("ada@example.com")
		name, value, _ := strings.Cut(v.cookieHeader(), "=")
		foreign := name + "=" + value[:len(value)-10] + "AAAAAAA%3D"
		asks := func(what string, cleared bool) {
			s.t.Helper()
			if err := bff.MaintainKeys(s.server, s.t.Context()); err != nil {
				s.t.Fatal(err)
			}
			a := s.visitor().want(s.visitor().do("GET", "/api/proxy/x", "", "Cookie", foreign), 401, "SESSION_EXPIRED")
			if line := cookieLine(s.t, a); (line != "") != cleared {
				s.t.Errorf("%s: got cookie %q, want it cleared: %v", what, line, cleared)
			}
		}
		own, other := strings.Repeat("s", 32), strings.Repeat("o", 32)
		asks("no other instance", true)
		running(own)
		asks("an instance with the same secret", true)
		running(other, own)
		asks("an instance with another secret", false)
		s.clock.Advance(time.Minute)
		asks("it has died", true)
		s.beat(db.Instance{Known: true})
		asks("an API without a secret", true)
	})
}

// beat writes the row of another process.
func (s *site) beat(i db.Instance) {
	s.t.Helper()
	s.db.HoldSecrets(i)
	if err := s.db.Beat(s.t.Context(), "ins_other", s.clock.Now()); err != nil {
		s.t.Fatal(err)
	}
}
