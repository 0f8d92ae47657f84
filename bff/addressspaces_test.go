package bff_test

import (
	"strings"
	"testing"
)

// TestSpacesAroundAnAddressAreIgnored: at every endpoint that takes an address. Copying and
// phone keyboards add such spaces. A byte order mark before the body is ignored too.
func TestSpacesAroundAnAddressAreIgnored(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		const password = `"password":"correct horse battery"`
		for _, step := range []struct{ path, body string }{
			{"/api/auth/sign-up/email", `{"email":" Ada@example.com ",` + password + `}`},
			{"/api/auth/sign-in/email", `{"email":"ada@example.com ",` + password + `}`},
			{"/api/auth/login", `{"email":"\t\u00a0ada@example.com\r\n",` + password + `}`},
			{"/api/auth/send-verification-email", `{"email":"ada@example.com "}`},
			{"/api/auth/request-password-reset", `{"email":"ada@example.com "}`},
			{"/api/auth/change-email", `{"newEmail":" ada2@example.com "}`},
		} {
			v.want(v.do("POST", step.path, "\ufeff"+step.body), 200, "")
		}
		if got := v.user()["email"]; got != "ada@example.com" {
			s.t.Errorf("got the address %q", got)
		}
		s.link("ada@example.com", 1)
		for _, address := range []string{"ada @example.com", "ada@exa mple.com", "ada@example.com.", "\u200bada@example.com", strings.Repeat(" ", 300)} {
			v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"`+address+`",`+password+`}`), 400, "INVALID_EMAIL")
		}
	})
}
