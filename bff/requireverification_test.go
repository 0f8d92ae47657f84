package bff_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
	"vestibule/internal/mailtest"
	"vestibule/store"
)

func TestVerificationRequired(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		const credentials = `{"email":"ada@example.com","password":"` + own + `","name":"Ada","callbackURL":"/welcome"}`
		fresh := v.want(v.do("POST", "/api/auth/sign-up/email", credentials), 200, `"token":null`)
		if cookieLine(t, fresh) != "" || v.signedIn() {
			s.t.Error("signed in before the address was verified")
		}
		wait := s.link("ada@example.com", 1)
		again := v.want(v.do("POST", "/api/auth/sign-up/email", credentials), 200, `"token":null`)
		id := regexp.MustCompile(`usr_[a-z2-7]{26}`)
		if a, b := id.ReplaceAllString(fresh.body, "ID"), id.ReplaceAllString(again.body, "ID"); a != b || id.FindString(again.body) == id.FindString(fresh.body) {
			s.t.Errorf("got %s for a new address and %s for a taken one, want them to differ only in the id", fresh.body, again.body)
		}
		if notice := s.mail("ada@example.com", 2); linkPattern.MatchString(notice) {
			s.t.Errorf("the notice has a link:\n%s", notice)
		}
		v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"password124"}`), 401, "INVALID_EMAIL_OR_PASSWORD")
		v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"`+own+`"}`), 401, "INVALID_EMAIL_OR_PASSWORD")
		v.want(v.prove(wait, "password", own), 200, "")
		if a := v.follow(wait); a.header.Get("Location") != "/welcome" {
			s.t.Errorf("got %d to %q", a.status, a.header.Get("Location"))
		}
		v.signIn("ada@example.com", own)
	}, func(c *bff.Config) { c.RequireEmailVerification = true })
}

// TestSignUpAndSignInRevealNoAccount: with REQUIRE_EMAIL_VERIFICATION, a sign-up and a sign-in
// with the same password do not reveal whether an address has an account.
func TestSignUpAndSignInRevealNoAccount(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		owner := s.visitor()
		owner.want(owner.do("POST", "/api/auth/sign-up/email", `{"email":"taken@example.com","password":"`+another+`"}`), 200, "")
		owner.want(owner.prove(s.link("taken@example.com", 1), "password", another), 200, "")
		owner.signIn("taken@example.com", another)

		ask := func(path, email string) answer {
			v := s.visitor()
			a := v.do("POST", path, `{"email":"`+email+`","password":"`+own+`","name":"A"}`)
			a.body = regexp.MustCompile(`usr_[a-z2-7]{26}`).ReplaceAllString(strings.ReplaceAll(a.body, email, "ADDRESS"), "ID")
			for _, name := range []string{"Date", "X-Request-Id", "Content-Length"} {
				a.header.Del(name)
			}
			return a
		}
		same := func(path string, emails ...string) answer {
			s.t.Helper()
			want := ask(path, "taken@example.com")
			for _, email := range emails {
				if d := cmp.Diff(want, ask(path, email), cmp.AllowUnexported(answer{})); d != "" {
					s.t.Errorf("%s of %s: (-taken +got)\n%s", path, email, d)
				}
			}
			return want
		}
		same("/api/auth/sign-up/email", "new@example.com", "new@example.com") // the second time it is taken, but not verified
		refused := same("/api/auth/sign-in/email", "new@example.com", "nobody@example.com")
		if refused.status != 401 || object(t, refused.body)["code"] != "INVALID_EMAIL_OR_PASSWORD" || !strings.Contains(refused.body, "not confirmed yet") {
			s.t.Errorf("got %d %s, want the reasons and what to do", refused.status, refused.body)
		}
		// Each failure is one event.
		if got := len(s.events(store.EventSignInFailed)); got != 3 {
			s.t.Errorf("got %d failed sign-ins in the trail, want 3", got)
		}
		// A reset by mail proves the address and sets the password.
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"new@example.com"}`), 200, "")
		s.mail("new@example.com", 3)
		for n := 1; n <= 3; n++ { // the order of the mails is not fixed
			if _, rest, found := strings.Cut(s.mail("new@example.com", n), "/reset-password/"); found {
				v.want(v.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"`+rest[:43]+`"}`), 200, "")
			}
		}
		v.signIn("new@example.com", another)
	}, func(c *bff.Config) { c.RequireEmailVerification = true })
}

// TestAnUnverifiedAccountCausesNoSecondHash: a sign-in with the right password must not take
// longer than one with a wrong password.
func TestAnUnverifiedAccountCausesNoSecondHash(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"`+own+`"}`), 200, "")
		_, before, err := s.db.CredentialByEmail(t.Context(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		stronger := newIdleSite(s.t, s.db, func(c *bff.Config) { c.RequireEmailVerification, c.PasswordParams.Iterations = true, 2 })
		w := stronger.visitor()
		w.want(w.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+own+`"}`), 401, "")
		if _, after, err := s.db.CredentialByEmail(t.Context(), "ada@example.com"); err != nil || after != before {
			s.t.Errorf("got hash %s after %s, %v: a second one was computed", after, before, err)
		}
	}, func(c *bff.Config) { c.RequireEmailVerification = true })
}

// TestMailsOfSignUpAreLimited: each sign-up sends a mail to the owner of the address.
func TestMailsOfSignUpAreLimited(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		for range 5 {
			v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 200, "")
		}
		v.wantTooMany(v.do("POST", "/api/auth/sign-up/email", `{"email":"ADA@example.com","password":"paper-lantern-42"}`))
		v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"eve@example.com","password":"paper-lantern-42"}`), 200, "")
		s.mail("eve@example.com", 1)
		s.mail("ada@example.com", 5) // the order of the mails is not fixed
		if got := len(mailtest.To(t, s.mails, "ada@example.com")); got != 5 {
			s.t.Errorf("got %d mails, want 5", got)
		}
	}, func(c *bff.Config) { c.RequireEmailVerification = true })
}
