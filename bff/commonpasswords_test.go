package bff_test

import (
	"strings"
	"testing"

	"vestibule/bff"
)

// TestEasilyGuessedPasswordsAreRefused: wherever a password is set.
func TestEasilyGuessedPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		const email = "ada.lovelace@example.com"
		v := s.visitor()
		v.signUp(email)
		reset := v.resetToken(email)
		for name, set := range map[string]func(pw string) answer{
			"sign-up": func(pw string) answer {
				return s.visitor().do("POST", "/api/auth/signup", `{"email":"`+email+`","password":"`+pw+`"}`)
			},
			"sign-up by its other name": func(pw string) answer {
				return s.visitor().do("POST", "/api/auth/sign-up/email", `{"email":"`+email+`","password":"`+pw+`"}`)
			},
			"change": func(pw string) answer {
				return v.do("POST", "/api/auth/change-password", `{"currentPassword":"paper-lantern-42","newPassword":"`+pw+`"}`)
			},
			"reset": func(pw string) answer {
				return s.visitor().do("POST", "/api/auth/reset-password", `{"newPassword":"`+pw+`","token":"`+reset+`"}`)
			},
		} {
			for pw, why := range map[string]string{
				"password": "try first", "ＰＡＳＳＷＯＲＤ": "try first", "12345678": "try first",
				email: "your email address", strings.ToUpper(email): "your email address", "ada.lovelace": "your email address", "Vestibule1": "the name of this product",
				"xxxxxxxxxxxx": "is a single character, repeated",
			} {
				if a := set(pw); a.status != 400 || !strings.Contains(a.body, `"code":"PASSWORD_COMPROMISED"`) || !strings.Contains(a.body, why) || !strings.Contains(a.body, "Choose another") {
					s.t.Errorf("%s with %s: got %d %s, want PASSWORD_COMPROMISED that says %q", name, pw, a.status, a.body, why)
				}
			}
		}
		// The refusals have consumed neither the link nor any attempt.
		v.want(s.visitor().do("POST", "/api/auth/reset-password", `{"newPassword":"another horse","token":"`+reset+`"}`), 200, "true")
	})
}

func TestCommonPasswordsWhereTheyAreAllowed(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/signup", `{"email":"ada@example.com","password":"password"}`), 200, "ada")
	}, func(c *bff.Config) { c.PasswordAllowCommon = true })
}
