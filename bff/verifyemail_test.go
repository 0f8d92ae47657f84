package bff_test

import (
	"strings"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/opaque"
)

// prove follows a link that verifies an address, with a proof: a password or a new one.
func (v *visitor) prove(link, field, value string) answer {
	v.t.Helper()
	return v.do("POST", "/api/auth/verify-email", `{"token":"`+tokenOf(v.t, link)+`","`+field+`":"`+value+`"}`)
}

func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, stranger := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		v.want(v.do("POST", "/api/auth/send-verification-email", `{"email":"eve@example.com"}`), 400, "EMAIL_MISMATCH")
		v.want(v.do("POST", "/api/auth/send-verification-email", `{"email":"ada@example.com","callbackURL":"https://evil.example"}`), 403, "INVALID_CALLBACK_URL")
		v.want(v.do("POST", "/api/auth/send-verification-email", `{"email":"ada@example.com","callbackURL":7}`), 400, "[body.callbackURL]")
		a := stranger.want(stranger.do("POST", "/api/auth/send-verification-email", `{"email":"nobody@example.com"}`), 200, `{"status":true}`)
		b := v.want(v.do("POST", "/api/auth/send-verification-email", `{"email":"ada@example.com","callbackURL":"/welcome?x=1"}`), 200, `{"status":true}`)
		if a.body != b.body {
			s.t.Errorf("got %s and %s", a.body, b.body)
		}
		link := s.link("ada@example.com", 1)
		if head := v.do("HEAD", link, ""); head.status != 405 {
			s.t.Errorf("HEAD: got %d, want 405", head.status)
		}
		got := v.follow(link)
		if got.status != 302 || got.header.Get("Location") != "/welcome?x=1" || cookieLine(t, got) != "" {
			s.t.Errorf("got %d to %q, cookie %q", got.status, got.header.Get("Location"), cookieLine(t, got))
		}
		if v.user()["emailVerified"] != true || !v.signedIn() {
			s.t.Error("the address is not verified")
		}
		bare, _, _ := strings.Cut(link, "&callbackURL")
		for _, again := range []*visitor{v, stranger} { // for example a mail scanner
			if got := again.page(link); got.header.Get("Location") != "/welcome?x=1" {
				s.t.Errorf("followed again: got %q", got.header.Get("Location"))
			}
			again.want(again.follow(bare), 200, `{"status":true,"user":null}`)
			again.want(again.prove(link, "newPassword", another), 401, "INVALID_TOKEN") // the password is not set
		}
		v.signIn("ada@example.com", own) // the password has not changed
		v.want(v.do("POST", "/api/auth/send-verification-email", `{"email":"ada@example.com"}`), 400, "EMAIL_ALREADY_VERIFIED")
		v.want(v.follow("/api/auth/verify-email"), 400, "[query.token]")
		v.want(v.follow("/api/auth/verify-email?token=%00"), 401, "INVALID_TOKEN")
		v.want(v.follow("/api/auth/verify-email?token="+opaque.NewToken()), 401, "INVALID_TOKEN")
		v.want(v.follow("/api/auth/verify-email?token=x&callbackURL=%2F%2Fevil.example"), 403, "INVALID_CALLBACK_URL")
		if got := v.follow("/api/auth/verify-email?token=x&callbackURL=%2Fy"); got.header.Get("Location") != "/y?error=INVALID_TOKEN" {
			s.t.Errorf("got %q", got.header.Get("Location"))
		}

		s.clock.Set(s.clock.Now().Add(time.Hour))
		v.want(v.follow(bare), 401, "TOKEN_EXPIRED")
		v.want(v.prove(link, "password", own), 401, "TOKEN_EXPIRED")
	})
}

// TestAClickAloneConfirmsNoAddress: an attacker has signed up with another person's address,
// and that person follows the link in the mail.
func TestAClickAloneConfirmsNoAddress(t *testing.T) {
	t.Parallel()
	for name, required := range map[string]bool{"verification required": true, "not required": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(s *site) {
				thief, owner, other := s.visitor(), s.visitor(), s.visitor()
				if required {
					other.want(other.do("POST", "/api/auth/sign-up/email", `{"email":"eve@example.com","password":"`+own+`"}`), 200, "")
					other.want(other.prove(s.link("eve@example.com", 1), "newPassword", another), 200, "")
					other.signIn("eve@example.com", another)
					thief.want(thief.do("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"`+own+`","callbackURL":"/welcome"}`), 200, `"token":null`)
				} else {
					other.signUp("eve@example.com")
					thief.signUp("ada@example.com")
					thief.want(thief.do("POST", "/api/auth/send-verification-email", `{"email":"ada@example.com","callbackURL":"/welcome"}`), 200, "")
				}
				link := s.link("ada@example.com", 1)
				unchanged := func(what string) {
					s.t.Helper()
					if s.userBy("ada@example.com").EmailVerified {
						s.t.Fatalf("%s has verified the address", what)
					}
				}
				asks := owner.want(owner.page(link), 200, `data-post="/api/auth/verify-email"`)
				wantSafePage(t, asks)
				if !strings.Contains(asks.body, `<a href="/welcome">`) || !strings.Contains(asks.body, `name="newPassword"`) {
					s.t.Errorf("got page\n%s", asks.body)
				}
				unchanged("a click")
				owner.want(owner.follow(link), 403, "PASSWORD_REQUIRED")
				other.want(other.follow(link), 403, "PASSWORD_REQUIRED") // a session of another user
				other.want(other.page(link), 200, "<main")
				owner.want(owner.do("POST", "/api/auth/verify-email", `{"token":"`+tokenOf(t, link)+`"}`), 403, "PASSWORD_REQUIRED")
				owner.want(owner.prove(link, "password", "wrong horse battery"), 400, "INVALID_PASSWORD")
				owner.want(owner.prove(link, "newPassword", "short"), 400, "PASSWORD_TOO_SHORT")
				owner.want(owner.do("POST", "/api/auth/verify-email", `{"token":"`+tokenOf(t, link)+`","password":"`+own+`","newPassword":"`+another+`"}`), 400, "[body.newPassword]")
				owner.want(owner.do("POST", "/api/auth/verify-email", `{"token":"x","password":"`+own+`"}`), 401, "INVALID_TOKEN")
				owner.want(owner.do("POST", "/api/auth/verify-email", `{"token":"`+tokenOf(t, link)+`","newPassword":"`+another+`"}`, "Origin", "https://evil.example"), 403, "INVALID_ORIGIN")
				unchanged("a refused request")
				if required {
					thief.want(thief.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+own+`"}`), 401, "")
				}

				owner.want(owner.prove(link, "newPassword", another), 200, `{"status":true,"user":null}`)
				if !s.userBy("ada@example.com").EmailVerified || owner.signedIn() {
					s.t.Error("want the address verified and nobody signed in")
				}
				thief.want(thief.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+own+`"}`), 401, "INVALID_EMAIL_OR_PASSWORD")
				if thief.signedIn() {
					s.t.Error("the attacker is still signed in")
				}
				owner.signIn("ada@example.com", another)
			}, func(c *bff.Config) { c.RequireEmailVerification = required })
		})
	}
}

// TestTheOwnerConfirmsWithTheirPassword: in a browser where they are not signed in.
func TestTheOwnerConfirmsWithTheirPassword(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"`+own+`"}`), 200, "")
		v.want(v.prove(s.link("ada@example.com", 1), "password", own), 200, `{"status":true,"user":null}`)
		v.signIn("ada@example.com", own)
	}, func(c *bff.Config) { c.RequireEmailVerification = true })
}
