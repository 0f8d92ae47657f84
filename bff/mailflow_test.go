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
	t.Parallel()
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
		asks := v.want(v.page("/api/auth/reset-password/"+token[1]), 200, `data-post="/api/auth/reset-password" data-token="`+token[1]+`"`)
		ourPage(t, asks)
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
		if !s.userBy("ada@example.com").EmailVerified {
			s.t.Error("the address is not verified, whose mail was read")
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
	t.Parallel()
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

func TestALinkWorksOnceForConcurrentRequests(t *testing.T) {
	t.Parallel()
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

// TestSignUpIsNoWayToSendManyMails: each one sends a mail to whoever has the
// address.
func TestSignUpIsNoWayToSendManyMails(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
		if a := v.signIn("ada@example.com", "paper-lantern-42"); strings.Contains(a.body, `"url"`) || a.header.Get("Location") != "" {
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
