package bff_test

import "testing"

// The link to a new address does not accept a new password, not even from the session
// that asked for the change. The refusal consumes nothing: the link still works.
func TestAChangeOfAddressRefusesANewPassword(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		confirm, _ := v.change("ada@example.com", "ada@other.example.com", 1)
		v.want(v.prove(confirm, "newPassword", another), 403, "PASSWORD_REQUIRED")
		if got := v.user()["email"]; got != "ada@example.com" {
			s.t.Errorf("the request was refused, but the address is now %v", got)
		}
		v.want(v.do("POST", "/api/auth/verify-email", `{"token":"`+tokenOf(t, confirm)+`"}`), 200, `"email":"ada@other.example.com"`)
		v.want(v.prove(confirm, "newPassword", another), 401, "INVALID_TOKEN")
	})
}
