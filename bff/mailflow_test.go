package bff_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/mailtest"
	"vestibule/store"
)

// useLastResponse keeps a client from following a redirect.
func useLastResponse(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

var linkPattern = regexp.MustCompile(`https?://\S+/api/auth/\S+`)

// mail waits for the n-th mail to an address and returns its text.
func (s *site) mail(to string, n int) string {
	s.t.Helper()
	return mailtest.Wait(s.t, s.mails, to, n)
}

// link returns the path and query of the link in the n-th mail to an address.
func (s *site) link(to string, n int) string {
	s.t.Helper()
	found := linkPattern.FindString(s.mail(to, n))
	if !strings.HasPrefix(found, s.url+"/") {
		s.t.Fatalf("got link %q in the mail to %s, want one of %s", found, to, s.url)
	}
	return strings.TrimPrefix(found, s.url)
}

// follow does what a click on a link does, but for going on.
func (v *visitor) follow(path string) answer {
	v.t.Helper()
	v.client.CheckRedirect = useLastResponse
	return v.do("GET", path, "")
}

func TestPasswordReset(t *testing.T) {
	each(t, func(s *site) {
		v, elsewhere := s.visitor(), s.visitor()
		elsewhere.signUp("ada@example.com")
		a := v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"Ada@Example.com","redirectTo":"/new-password?from=mail"}`), 200, `"status":true`)
		b := v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"nobody@example.com","redirectTo":"/new-password"}`), 200, `"status":true`)
		if a.body != b.body {
			s.t.Errorf("got %s and %s, want the same for known and unknown addresses", a.body, b.body)
		}
		link := s.link("ada@example.com", 1)
		token := regexp.MustCompile(`/api/auth/reset-password/([\w-]{43})\?`).FindStringSubmatch(link)
		if token == nil {
			s.t.Fatalf("got link %s", link)
		}
		for range 2 { // a mail scanner has been there first
			a = v.follow(link)
			if got := a.header.Get("Location"); a.status != 302 || got != s.url+"/new-password?from=mail&token="+token[1] {
				s.t.Errorf("got %d to %q", a.status, got)
			}
			if got := a.header.Get("Referrer-Policy"); got != "no-referrer" {
				s.t.Errorf("got Referrer-Policy %q, want no-referrer: the token is in the URL", got)
			}
		}
		for _, tt := range []struct{ path, location string }{
			{"/api/auth/reset-password/nonsense?callbackURL=/x", s.url + "/x?error=INVALID_TOKEN"},
			{"/api/auth/reset-password/" + token[1] + "x?callbackURL=https%3A%2F%2Fapp.example.com%2Fx", "https://app.example.com/x?error=INVALID_TOKEN"},
		} {
			if a := v.follow(tt.path); a.status != 302 || a.header.Get("Location") != tt.location {
				s.t.Errorf("%s: got %d to %q, want %q", tt.path, a.status, a.header.Get("Location"), tt.location)
			}
		}
		v.want(v.follow("/api/auth/reset-password/"+token[1]), 400, "callbackURL")
		v.want(v.follow("/api/auth/reset-password/"+token[1]+"?callbackURL=//evil.example"), 403, "INVALID_CALLBACK_URL")

		v.want(v.do("POST", "/api/auth/reset-password", `{"newPassword":"short","token":"`+token[1]+`"}`), 400, "PASSWORD_TOO_SHORT")
		v.want(v.do("POST", "/api/auth/reset-password", `{"newPassword":"another password"}`), 400, "INVALID_TOKEN")
		v.want(v.do("POST", "/api/auth/reset-password", `{"newPassword":"another password","token":"nonsense"}`), 400, "INVALID_TOKEN")
		if !elsewhere.signedIn() {
			s.t.Fatal("a refused reset signed somebody out")
		}
		v.want(v.do("POST", "/api/auth/reset-password", `{"newPassword":"another password","token":"`+token[1]+`"}`), 200, `{"status":true}`)
		v.want(v.do("POST", "/api/auth/reset-password", `{"newPassword":"a third password","token":"`+token[1]+`"}`), 400, "INVALID_TOKEN")
		if elsewhere.signedIn() || v.signedIn() {
			s.t.Error("somebody is still signed in after the reset")
		}
		v.want(v.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 401, "")
		v.signIn("ada@example.com", "another password")
		if mails := mailtest.To(t, s.mails, "nobody@example.com"); len(mails) != 0 {
			s.t.Errorf("got %d mails to an address without an account", len(mails))
		}
		if events := s.events(store.EventPasswordReset); len(events) != 1 || events[0].UserID == "" {
			s.t.Errorf("got events %+v", events)
		}
	})
}

func TestResetLinksDie(t *testing.T) {
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		ask := func(n int) string {
			v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
			_, rest, _ := strings.Cut(s.link("ada@example.com", n), "/reset-password/")
			token, _, _ := strings.Cut(rest, "?")
			return token
		}
		use := func(token string) answer {
			return v.do("POST", "/api/auth/reset-password", `{"newPassword":"another password","token":"`+token+`"}`)
		}
		expired := ask(1)
		s.clock.Set(s.clock.Now().Add(time.Hour))
		v.want(use(expired), 400, "INVALID_TOKEN")
		if a := v.follow("/api/auth/reset-password/" + expired + "?callbackURL=/x"); !strings.HasSuffix(a.header.Get("Location"), "?error=INVALID_TOKEN") {
			s.t.Errorf("an expired link leads to %q", a.header.Get("Location"))
		}
		one, two := ask(2), ask(3)
		v.want(use(two), 200, "") // notice: mail 4
		v.want(use(one), 400, "INVALID_TOKEN")

		v.signIn("ada@example.com", "another password")
		s.mail("ada@example.com", 4)
		three := ask(5)
		v.want(v.do("POST", "/api/auth/change-password", `{"currentPassword":"another password","newPassword":"a third password"}`), 200, "")
		v.want(use(three), 400, "INVALID_TOKEN")

		// A link for one purpose opens nothing else.
		s.mail("ada@example.com", 6)
		four := ask(7)
		v.want(v.follow("/api/auth/verify-email?token="+four), 401, "INVALID_TOKEN")
		v.want(use(four), 200, "")
	})
}

func TestALinkIsUsedOnceHoweverManyTry(t *testing.T) {
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
		_, rest, _ := strings.Cut(s.link("ada@example.com", 1), "/reset-password/")
		token, _, _ := strings.Cut(rest, "?")
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if s.visitor().do("POST", "/api/auth/reset-password", `{"newPassword":"another password","token":"`+token+`"}`).status == 200 {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			s.t.Errorf("got %d resets with one link, want 1", won.Load())
		}
	})
}

func TestVerifyEmail(t *testing.T) {
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
		head := stranger.do("HEAD", link, "")
		if head.status != 405 {
			s.t.Errorf("HEAD: got %d, want 405", head.status)
		}
		if v.user()["emailVerified"] != false {
			s.t.Fatal("verified before the link was followed")
		}
		got := stranger.follow(link)
		if got.status != 302 || got.header.Get("Location") != "/welcome?x=1" || cookieLine(t, got) != "" || stranger.signedIn() {
			s.t.Errorf("got %d to %q, cookie %q", got.status, got.header.Get("Location"), cookieLine(t, got))
		}
		if v.user()["emailVerified"] != true || !v.signedIn() {
			s.t.Error("the address is not verified")
		}
		if got := stranger.follow(link); got.header.Get("Location") != "/welcome?error=INVALID_TOKEN&x=1" {
			s.t.Errorf("used twice: got %q", got.header.Get("Location"))
		}
		v.want(v.do("POST", "/api/auth/send-verification-email", `{"email":"ada@example.com"}`), 400, "EMAIL_ALREADY_VERIFIED")
		bare, _, _ := strings.Cut(link, "&callbackURL")
		v.want(v.follow(bare), 401, "INVALID_TOKEN")
		v.want(v.follow("/api/auth/verify-email"), 400, "[query.token]")
		v.want(v.follow("/api/auth/verify-email?token=%00"), 401, "INVALID_TOKEN")
		v.want(v.follow("/api/auth/verify-email?token=x&callbackURL=%2F%2Fevil.example"), 403, "INVALID_CALLBACK_URL")

		stranger.signUp("eve@example.com")
		stranger.want(stranger.do("POST", "/api/auth/send-verification-email", `{"email":"eve@example.com"}`), 200, "")
		bare, _, _ = strings.Cut(s.link("eve@example.com", 1), "&callbackURL")
		s.clock.Set(s.clock.Now().Add(time.Hour))
		stranger.want(stranger.follow(bare), 401, "TOKEN_EXPIRED")
	})
}

func TestChangeEmail(t *testing.T) {
	each(t, func(s *site) {
		v, other := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		other.signUp("eve@example.com")
		v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"ADA@example.com"}`), 400, "Email is the same")
		v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"nonsense"}`), 400, "[body.newEmail]")
		v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"x@example.com","callbackURL":"//evil.example"}`), 403, "INVALID_CALLBACK_URL")
		taken := v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"eve@example.com"}`), 200, "")
		free := v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"Ada@Other.example.com"}`), 200, `{"status":true}`)
		if taken.body != free.body {
			s.t.Errorf("got %s for a taken address and %s for a free one", taken.body, free.body)
		}
		v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
		_, rest, _ := strings.Cut(s.link("ada@example.com", 1), "/reset-password/")
		reset, _, _ := strings.Cut(rest, "?")
		bare, _, _ := strings.Cut(s.link("ada@other.example.com", 1), "&callbackURL")
		if v.user()["email"] != "ada@example.com" {
			s.t.Fatal("the address changed before the link was followed")
		}
		a := other.want(other.follow(bare), 200, `"email":"ada@other.example.com"`)
		if user := object(t, a.body)["user"].(map[string]any); user["emailVerified"] != true {
			s.t.Errorf("got %s, want the address verified", a.body)
		}
		if v.user()["email"] != "ada@other.example.com" || !v.signedIn() {
			s.t.Errorf("got %v", v.user())
		}
		other.want(other.follow(bare), 401, "INVALID_TOKEN")
		if notice := s.mail("ada@example.com", 2); linkPattern.MatchString(notice) {
			s.t.Errorf("the notice to the old address has a link:\n%s", notice)
		}
		// What was sent to the old address opens nothing any more.
		v.want(v.do("POST", "/api/auth/reset-password", `{"newPassword":"another password","token":"`+reset+`"}`), 400, "INVALID_TOKEN")
		v.signIn("ada@other.example.com", "paper-lantern-42")
		if mails := mailtest.To(t, s.mails, "eve@example.com"); len(mails) != 0 {
			s.t.Errorf("got mails to a taken address: %q", mails)
		}
		if events := s.events(store.EventEmailChanged); len(events) != 1 || events[0].Email != "ada@example.com" {
			s.t.Errorf("got events %+v", events)
		}
	})
}

// TestAnAddressTakenMeanwhile: between the mail and the click somebody else has
// signed up with it.
func TestAnAddressTakenMeanwhile(t *testing.T) {
	each(t, func(s *site) {
		v, other := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"new@example.com"}`), 200, "")
		bare, _, _ := strings.Cut(s.link("new@example.com", 1), "&callbackURL")
		other.signUp("new@example.com")
		v.want(v.follow(bare), 401, "INVALID_TOKEN")
		if v.user()["email"] != "ada@example.com" || !other.signedIn() {
			s.t.Errorf("got %v", v.user())
		}
	})
}

func TestVerificationRequired(t *testing.T) {
	each(t, func(s *site) {
		v := s.visitor()
		const credentials = `{"email":"ada@example.com","password":"paper-lantern-42","name":"Ada","callbackURL":"/welcome"}`
		fresh := v.want(v.do("POST", "/api/auth/sign-up/email", credentials), 200, `"token":null`)
		if cookieLine(t, fresh) != "" || v.signedIn() {
			s.t.Error("signed in before the address was verified")
		}
		wait := s.link("ada@example.com", 1)
		again := v.want(v.do("POST", "/api/auth/sign-up/email", credentials), 200, `"token":null`)
		id := regexp.MustCompile(`usr_[a-z2-7]{26}`)
		if a, b := id.ReplaceAllString(fresh.body, "ID"), id.ReplaceAllString(again.body, "ID"); a != b || id.FindString(again.body) == id.FindString(fresh.body) {
			s.t.Errorf("got %s for a new address and %s for a taken one, want another id and nothing else", fresh.body, again.body)
		}
		if notice := s.mail("ada@example.com", 2); linkPattern.MatchString(notice) {
			s.t.Errorf("the notice has a link:\n%s", notice)
		}
		v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"password124"}`), 401, "INVALID_EMAIL_OR_PASSWORD")
		v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 403, "EMAIL_NOT_VERIFIED")
		if a := v.follow(wait); a.header.Get("Location") != "/welcome" {
			s.t.Errorf("got %d to %q", a.status, a.header.Get("Location"))
		}
		v.signIn("ada@example.com", "paper-lantern-42")
	}, func(c *bff.Config) { c.RequireEmailVerification = true })
}

// TestSignUpIsNoWayToSendManyMails: each one sends a mail to whoever has the
// address.
func TestSignUpIsNoWayToSendManyMails(t *testing.T) {
	each(t, func(s *site) {
		v := s.visitor()
		for range 5 {
			v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 200, "")
		}
		v.tooMany(v.do("POST", "/api/auth/sign-up/email", `{"email":"ADA@example.com","password":"paper-lantern-42"}`))
		v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"eve@example.com","password":"paper-lantern-42"}`), 200, "")
		s.mail("eve@example.com", 1)
		s.mail("ada@example.com", 5) // which several workers send, in any order
		if got := len(mailtest.To(t, s.mails, "ada@example.com")); got != 5 {
			s.t.Errorf("got %d mails, want 5", got)
		}
	}, func(c *bff.Config) { c.RequireEmailVerification = true })
}

func TestSignInGoesOn(t *testing.T) {
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		sign := func(target string) answer {
			return v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42","callbackURL":"`+target+`"}`)
		}
		a := v.want(sign("/dash"), 200, `{"redirect":true,"token":"ses_`)
		if got := object(t, a.body)["url"]; got != "/dash" || a.header.Get("Location") != "/dash" {
			s.t.Errorf("got url %v, Location %q", got, a.header.Get("Location"))
		}
		if a := v.signIn("ada@example.com", "paper-lantern-42"); strings.Contains(a.body, "url") || a.header.Get("Location") != "" {
			s.t.Errorf("got %s, Location %q; want neither URL", a.body, a.header.Get("Location"))
		}
		stays := v.cookieHeader()
		v.want(sign("https://evil.example/"), 403, "INVALID_CALLBACK_URL")
		v.want(sign(`\\\\evil.example`), 403, "INVALID_CALLBACK_URL")
		if v.cookieHeader() != stays {
			s.t.Error("a refused sign-in changed the session")
		}
		for field, code := range map[string]string{"redirectTo": "INVALID_REDIRECT_URL", "errorCallbackURL": "INVALID_ERROR_CALLBACK_URL", "newUserCallbackURL": "INVALID_NEW_USER_CALLBACK_URL"} {
			v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42","`+field+`":"//evil.example"}`), 403, code)
		}
		v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42","`+url.PathEscape("callbackURL")+`":"//evil.example"}`), 403, "INVALID_CALLBACK_URL")
	})
}

// TestAThiefsChangeOfAddressDiesWithTheirSession: with the owner's browser in hand
// they have asked for the account to get their address; then the owner throws them
// out.
func TestAThiefsChangeOfAddressDiesWithTheirSession(t *testing.T) {
	for name, throwOut := range map[string]func(owner *visitor){
		"a new password": func(owner *visitor) {
			owner.want(owner.do("POST", "/api/auth/change-password", `{"currentPassword":"paper-lantern-42","newPassword":"another horse"}`), 200, "")
		},
		"signing out elsewhere": func(owner *visitor) {
			owner.want(owner.do("POST", "/api/auth/revoke-other-sessions", "{}"), 200, "")
		},
		"asking for another address": func(owner *visitor) {
			owner.want(owner.do("POST", "/api/auth/change-email", `{"newEmail":"own@example.com"}`), 200, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(s *site) {
				owner, thief := s.visitor(), s.visitor()
				owner.signUp("ada@example.com")
				thief.signIn("ada@example.com", "paper-lantern-42")
				thief.want(thief.do("POST", "/api/auth/change-email", `{"newEmail":"thief@example.com"}`), 200, "")
				bare, _, _ := strings.Cut(s.link("thief@example.com", 1), "&callbackURL")
				throwOut(owner)
				thief.want(thief.follow(bare), 401, "INVALID_TOKEN")
				if got := owner.user()["email"]; got != "ada@example.com" {
					s.t.Errorf("got address %v", got)
				}
			})
		})
	}
}
