package bff_test

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
	"vestibule/internal/mailtest"
	"vestibule/internal/opaque"
	"vestibule/store"
)

// own is the password that signUp gives, and another one that its owner chooses.
const (
	own     = "paper-lantern-42"
	another = "another horse battery"
)

// behindAProxy lets a test say where a request comes from.
func behindAProxy(c *bff.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

// page follows a link in a browser.
func (v *visitor) page(path string) answer {
	v.t.Helper()
	v.client.CheckRedirect = useLastResponse
	return v.do("GET", path, "", "Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
}

// ourPage checks what a page behind a link must not do, and that what it loads is there.
func ourPage(t *testing.T, a answer) {
	t.Helper()
	policy := a.header.Get("Content-Security-Policy")
	if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'") {
		t.Errorf("got policy %q", policy)
	}
	if got := a.header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("got Referrer-Policy %q, want no-referrer: the token is in the address", got)
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("got Cache-Control %q", got)
	}
	if got := cookieLine(t, a); got != "" {
		t.Errorf("got cookie %q", got)
	}
	for _, link := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(a.body, -1) {
		if !strings.HasPrefix(link[1], "/") || strings.HasPrefix(link[1], "//") {
			t.Errorf("the page leads to %q, want a path", link[1])
		}
	}
	if regexp.MustCompile(`<script(?: [^>]*)?>[^<]|<style|\son[a-z]+=|\sstyle=`).MatchString(a.body) {
		t.Errorf("something is inline in\n%s", a.body)
	}
}

// tokenOf is the token in a link.
func tokenOf(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || !opaque.Valid(u.Query().Get("token")) {
		t.Fatalf("got link %q, %v; want one with a token", link, err)
	}
	return u.Query().Get("token")
}

func (s *site) userBy(email string) store.User {
	s.t.Helper()
	u, err := s.db.UserByEmail(s.t.Context(), email)
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

// change asks for another address and returns the links to confirm it and to undo it.
func (v *visitor) change(from, to string, n int) (confirm, undo string) {
	v.t.Helper()
	v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"`+to+`","callbackURL":"/account"}`), 200, `{"status":true}`)
	confirm = v.link(to, 1)
	return confirm, v.link(from, n)
}

func (v *visitor) undo(link, newPassword string) answer {
	v.t.Helper()
	body := `{"token":"` + tokenOf(v.t, link) + `"`
	if newPassword != "" {
		body += `,"newPassword":"` + newPassword + `"`
	}
	return v.do("POST", "/api/auth/undo-email", body+"}")
}

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
		for _, again := range []*visitor{v, stranger} { // a scanner, for one
			if got := again.page(link); got.header.Get("Location") != "/welcome?x=1" {
				s.t.Errorf("followed again: got %q", got.header.Get("Location"))
			}
			again.want(again.follow(bare), 200, `{"status":true,"user":null}`)
			again.want(again.prove(link, "newPassword", another), 401, "INVALID_TOKEN") // it would not be set
		}
		v.signIn("ada@example.com", own) // which that has not changed
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

// TestAClickConfirmsNobodysPassword: somebody has signed up with a stranger's address,
// and the stranger follows the link in their mail.
func TestAClickConfirmsNobodysPassword(t *testing.T) {
	t.Parallel()
	for name, required := range map[string]bool{"verification required": true, "not required": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(s *site) {
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
				ourPage(t, asks)
				if !strings.Contains(asks.body, `<a href="/welcome">`) || !strings.Contains(asks.body, `name="newPassword"`) {
					s.t.Errorf("got page\n%s", asks.body)
				}
				unchanged("a click")
				owner.want(owner.follow(link), 403, "PASSWORD_REQUIRED")
				other.want(other.follow(link), 403, "PASSWORD_REQUIRED") // a session, but not this user's
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
					s.t.Error("want the address verified and nobody signed in by that")
				}
				thief.want(thief.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+own+`"}`), 401, "INVALID_EMAIL_OR_PASSWORD")
				if thief.signedIn() {
					s.t.Error("whoever signed up is still signed in")
				}
				owner.signIn("ada@example.com", another)
			}, func(c *bff.Config) { c.RequireEmailVerification = required })
		})
	}
}

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
			s.t.Errorf("got %s for a new address and %s for a taken one, want another id and nothing else", fresh.body, again.body)
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

// TestTheOwnerConfirmsWithTheirPassword in a browser where they are not signed in.
func TestTheOwnerConfirmsWithTheirPassword(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"`+own+`"}`), 200, "")
		v.want(v.prove(s.link("ada@example.com", 1), "password", own), 200, `{"status":true,"user":null}`)
		v.signIn("ada@example.com", own)
	}, func(c *bff.Config) { c.RequireEmailVerification = true })
}

// TestGuessesAtALinkAreLimited and shut nobody out who is signed in.
func TestGuessesAtALinkAreLimited(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, guesser := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		confirm, _ := v.change("ada@example.com", "typo@example.com", 1)
		for range 10 {
			guesser.want(guesser.prove(confirm, "password", "wrong horse battery"), 400, "INVALID_PASSWORD")
		}
		guesser.tooMany(guesser.prove(confirm, "password", own))
		if n := len(s.events(store.EventPasswordFailed)); n != 10 {
			s.t.Errorf("got %d events, want 10", n)
		}
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"`+own+`"}`), 200, "")
		v.want(v.follow(confirm), 302, "")
	})
}

// TestOneAnswerForAll: with REQUIRE_EMAIL_VERIFICATION nobody learns who has an account
// by signing up and then signing in with that password.
func TestOneAnswerForAll(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
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
		same("/api/auth/sign-up/email", "new@example.com", "new@example.com") // new, and taken but not verified
		refused := same("/api/auth/sign-in/email", "new@example.com", "nobody@example.com")
		if refused.status != 401 || object(t, refused.body)["code"] != "INVALID_EMAIL_OR_PASSWORD" || !strings.Contains(refused.body, "not confirmed yet") {
			s.t.Errorf("got %d %s, want the reasons and the cure", refused.status, refused.body)
		}
		// Each leaves one row in the trail.
		if got := len(s.events(store.EventSignInFailed)); got != 3 {
			s.t.Errorf("got %d failed sign-ins in the trail, want 3", got)
		}
		// The cure: a mail to the address proves it, and its reader chooses the password.
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"new@example.com"}`), 200, "")
		s.mail("new@example.com", 3)
		for n := 1; n <= 3; n++ { // workers send them in any order
			if _, rest, found := strings.Cut(s.mail("new@example.com", n), "/reset-password/"); found {
				v.want(v.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"`+rest[:43]+`"}`), 200, "")
			}
		}
		v.signIn("new@example.com", another)
	}, func(c *bff.Config) { c.RequireEmailVerification = true })
}

// TestAnUnverifiedAccountCostsNoMore: what only the right password causes would be
// measured.
func TestAnUnverifiedAccountCostsNoMore(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"`+own+`"}`), 200, "")
		_, before, err := s.db.CredentialByEmail(t.Context(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		dearer := newSite(s.t, s.db, func(c *bff.Config) { c.RequireEmailVerification, c.PasswordParams.Iterations = true, 2 })
		w := dearer.visitor()
		w.want(w.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+own+`"}`), 401, "")
		if _, after, err := s.db.CredentialByEmail(t.Context(), "ada@example.com"); err != nil || after != before {
			s.t.Errorf("got hash %s after %s, %v: a second one was computed", after, before, err)
		}
	}, func(c *bff.Config) { c.RequireEmailVerification = true })
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, other := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		other.signUp("eve@example.com")
		v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"ADA@example.com"}`), 400, "Email is the same")
		v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"nonsense"}`), 400, "[body.newEmail]")
		v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"x@example.com","callbackURL":"//evil.example"}`), 403, "INVALID_CALLBACK_URL")
		taken := v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"eve@example.com"}`), 200, "")
		told := s.mail("ada@example.com", 1)
		free := v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"Ada@Other.example.com"}`), 200, `{"status":true}`)
		if taken.body != free.body {
			s.t.Errorf("got %s for a taken address and %s for a free one", taken.body, free.body)
		}
		// The old address has heard by then, in the same words for both.
		confirm := s.link("ada@other.example.com", 1)
		unlinked := func(text string) string { return linkPattern.ReplaceAllString(text, "LINK") }
		if again := s.mail("ada@example.com", 2); unlinked(again) != unlinked(told) || !strings.Contains(again, "/api/auth/undo-email?token=") || strings.Contains(again, "other.example.com") {
			s.t.Errorf("got\n%s\nfor a free address, and for a taken one\n%s", again, told)
		}
		v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
		_, reset, _ := strings.Cut(s.link("ada@example.com", 3), "/reset-password/")
		bare, _, _ := strings.Cut(confirm, "&callbackURL")

		// Whoever has the new mailbox does not have the account.
		other.want(other.follow(bare), 403, "PASSWORD_REQUIRED")
		asks := other.want(other.page(confirm), 200, `data-post="/api/auth/verify-email"`)
		if ourPage(t, asks); strings.Contains(asks.body, "newPassword") {
			s.t.Errorf("the page offers a new password to whoever has the new address:\n%s", asks.body)
		}
		other.want(other.prove(bare, "newPassword", another), 403, "PASSWORD_REQUIRED")
		other.want(other.prove(bare, "password", "wrong horse battery"), 400, "INVALID_PASSWORD")
		if v.user()["email"] != "ada@example.com" {
			s.t.Fatal("the address changed without the account's password")
		}
		a := other.want(other.prove(bare, "password", own), 200, `"email":"ada@other.example.com"`)
		if user := object(t, a.body)["user"].(map[string]any); user["emailVerified"] != true {
			s.t.Errorf("got %s, want the address verified", a.body)
		}
		if v.user()["email"] != "ada@other.example.com" || !v.signedIn() {
			s.t.Errorf("got %v", v.user())
		}
		for _, again := range []*visitor{v, other} {
			again.want(again.follow(bare), 200, `{"status":true,"user":null}`)
		}
		if done := s.mail("ada@example.com", 4); !strings.Contains(done, "has a new address now") || !strings.Contains(done, "/api/auth/undo-email?token=") {
			s.t.Errorf("got notice\n%s", done)
		}
		// What was sent to the old address opens nothing any more, but for that link.
		v.want(v.do("POST", "/api/auth/reset-password", `{"newPassword":"another password","token":"`+reset+`"}`), 400, "INVALID_TOKEN")
		v.signIn("ada@other.example.com", own)
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
	t.Parallel()
	each(t, func(s *site) {
		v, other := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		confirm, _ := v.change("ada@example.com", "new@example.com", 1)
		bare, _, _ := strings.Cut(confirm, "&callbackURL")
		other.signUp("new@example.com")
		v.want(v.follow(bare), 401, "INVALID_TOKEN")
		if v.user()["email"] != "ada@example.com" || !other.signedIn() {
			s.t.Errorf("got %v", v.user())
		}
	})
}

// TestAThiefsChangeOfAddressDiesWithTheirSession: with the owner's browser in hand
// they have asked for the account to get their address; then the session ends, however
// it does. They know the password, so that this alone keeps them out.
func TestAThiefsChangeOfAddressDiesWithTheirSession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(owner, thief *visitor){
		"a new password": func(owner, _ *visitor) {
			owner.want(owner.do("POST", "/api/auth/change-password", `{"currentPassword":"`+own+`","newPassword":"`+own+`"}`), 200, "")
		},
		"a new password that ends no other session": func(owner, _ *visitor) {
			owner.want(owner.do("POST", "/api/auth/change-password", `{"currentPassword":"`+own+`","newPassword":"`+own+`","revokeOtherSessions":false}`), 200, "")
		},
		"signing out elsewhere": func(owner, _ *visitor) {
			owner.want(owner.do("POST", "/api/auth/revoke-other-sessions", "{}"), 200, "")
		},
		"signing out everywhere": func(owner, _ *visitor) {
			owner.want(owner.do("POST", "/api/auth/revoke-sessions", "{}"), 200, "")
		},
		"ending that session": func(owner, thief *visitor) {
			session := object(thief.t, thief.do("GET", "/api/auth/get-session", "").body)["session"].(map[string]any)
			owner.want(owner.do("POST", "/api/auth/revoke-session", `{"token":"`+session["token"].(string)+`"}`), 200, "")
		},
		"signing out": func(_, thief *visitor) {
			thief.want(thief.do("POST", "/api/auth/sign-out", "{}"), 200, "")
		},
		"signing in again": func(_, thief *visitor) {
			thief.signIn("ada@example.com", own)
		},
		"asking for another address": func(owner, _ *visitor) {
			owner.want(owner.do("POST", "/api/auth/change-email", `{"newEmail":"own@example.com"}`), 200, "")
		},
		"a reset by mail": func(owner, _ *visitor) {
			owner.want(owner.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
			_, rest, _ := strings.Cut(owner.link("ada@example.com", 2), "/reset-password/")
			owner.want(owner.do("POST", "/api/auth/reset-password", `{"token":"`+rest+`","newPassword":"`+own+`"}`), 200, "")
		},
		"disabling on the command line": func(owner, _ *visitor) {
			id := owner.userBy("ada@example.com").ID
			if err := owner.db.Tx(owner.t.Context(), "test", func(tx *store.Tx) error { return tx.DisableUser(id, store.Event{At: owner.clock.Now()}) }); err != nil {
				owner.t.Fatal(err)
			}
			if err := owner.db.Tx(owner.t.Context(), "test", func(tx *store.Tx) error { return tx.EnableUser(id, store.Event{At: owner.clock.Now()}) }); err != nil {
				owner.t.Fatal(err)
			}
		},
		"ending sessions on the command line": func(owner, _ *visitor) {
			id := owner.userBy("ada@example.com").ID
			if err := owner.db.Tx(owner.t.Context(), "test", func(tx *store.Tx) error { return tx.RevokeSessions(id, "", store.Event{At: owner.clock.Now()}) }); err != nil {
				owner.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(s *site) {
				owner, thief, mailbox := s.visitor(), s.visitor(), s.visitor()
				owner.signUp("ada@example.com")
				thief.signIn("ada@example.com", own)
				confirm, _ := thief.change("ada@example.com", "thief@example.com", 1)
				bare, _, _ := strings.Cut(confirm, "&callbackURL")
				end(owner, thief)
				mailbox.want(mailbox.follow(bare), 401, "INVALID_TOKEN")
				mailbox.want(mailbox.prove(bare, "password", own), 401, "INVALID_TOKEN")
				s.userBy("ada@example.com")
			})
		})
	}
}

// TestAChangeOfAddressDiesWithAnExpiredSession, by the limits as they are now.
func TestAChangeOfAddressDiesWithAnExpiredSession(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, mailbox := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		s.clock.Advance(10 * time.Minute)
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"`+own+`"}`), 200, "")
		confirm, _ := v.change("ada@example.com", "new@example.com", 1)
		bare, _, _ := strings.Cut(confirm, "&callbackURL")
		s.clock.Advance(30 * time.Minute)
		strict := newSite(s.t, s.db, func(c *bff.Config) { c.SessionMaxAge = 35 * time.Minute })
		strict.clock.Set(s.clock.Now())
		w := strict.visitor()
		w.want(w.prove(bare, "password", own), 401, "INVALID_TOKEN")
		mailbox.want(mailbox.prove(bare, "password", own), 200, "new@example.com")
	})
}

func TestAChangeOfAddressIsStopped(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		owner, thief := s.visitor(), s.visitor()
		owner.signUp("ada@example.com")
		thief.signIn("ada@example.com", own)
		confirm, undo := thief.change("ada@example.com", "thief@example.com", 1)
		bare, _, _ := strings.Cut(confirm, "&callbackURL")

		for range 2 { // scanners
			asks := owner.want(owner.page(undo), 200, `data-post="/api/auth/undo-email"`)
			ourPage(t, asks)
		}
		owner.want(owner.do("GET", "/api/auth/undo-email", ""), 400, "[query.token]")
		if !owner.signedIn() || !thief.signedIn() {
			s.t.Fatal("a click has ended a session")
		}
		x := s.visitor()
		x.want(x.do("POST", "/api/auth/undo-email", `{"token":"`+opaque.NewToken()+`"}`), 401, "INVALID_TOKEN")
		x.want(x.do("POST", "/api/auth/undo-email", `{"token":"`+tokenOf(t, confirm)+`"}`), 401, "INVALID_TOKEN") // for something else
		x.want(x.do("POST", "/api/auth/verify-email", `{"token":"`+tokenOf(t, undo)+`","newPassword":"`+another+`"}`), 401, "INVALID_TOKEN")
		x.want(x.undo(undo, "short"), 400, "PASSWORD_TOO_SHORT")
		x.want(x.do("POST", "/api/auth/undo-email", `{"token":"`+tokenOf(t, undo)+`"}`, "Origin", "https://evil.example"), 403, "INVALID_ORIGIN")

		x.want(x.undo(undo, another), 200, `{"status":true}`)
		if owner.signedIn() || thief.signedIn() || x.signedIn() {
			s.t.Error("somebody is still signed in")
		}
		thief.want(thief.prove(bare, "password", another), 401, "INVALID_TOKEN")
		thief.want(thief.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+own+`"}`), 401, "")
		x.want(x.undo(undo, ""), 200, `{"status":true}`)
		x.want(x.undo(undo, "a third horse battery"), 401, "INVALID_TOKEN")
		owner.signIn("ada@example.com", another)
		if events := s.events(store.EventEmailUndone); len(events) != 1 || events[0].UserID == "" {
			s.t.Errorf("got events %+v", events)
		}
	})
}

// TestAChangeOfAddressIsUndone: a thief has the account, its password and, twice, their own
// address in it.
func TestAChangeOfAddressIsUndone(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		owner, thief, x := s.visitor(), s.visitor(), s.visitor()
		owner.signUp("ada@example.com")
		thief.signIn("ada@example.com", own)
		confirm, first := thief.change("ada@example.com", "eve1@example.com", 1)
		thief.want(thief.follow(confirm), 302, "")
		later := s.link("ada@example.com", 2) // the second notice has another link
		confirm, second := thief.change("eve1@example.com", "eve2@example.com", 2)
		thief.want(thief.follow(confirm), 302, "")
		s.userBy("eve2@example.com")
		thief.want(thief.do("POST", "/api/auth/request-password-reset", `{"email":"eve2@example.com"}`), 200, "")
		_, reset, _ := strings.Cut(s.link("eve2@example.com", 2), "/reset-password/")

		s.clock.Advance(7*24*time.Hour - time.Minute)
		x.want(x.undo(first, ""), 200, `{"status":true}`)
		s.userBy("ada@example.com")
		if owner.signedIn() || thief.signedIn() {
			s.t.Error("somebody is still signed in")
		}
		for _, link := range []string{second, later} { // to the thief's first address, and the owner's once more
			x.want(x.undo(link, "a thief's horse battery"), 401, "INVALID_TOKEN")
			s.userBy("ada@example.com")
		}
		x.want(x.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"`+reset+`"}`), 400, "INVALID_TOKEN")
		// Without a password a link to set one comes to that address.
		_, rest, _ := strings.Cut(s.link("ada@example.com", 3), "/reset-password/")
		ourPage(t, x.want(x.page("/api/auth/reset-password/"+rest), 200, `name="newPassword"`))
		x.want(x.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"`+rest+`"}`), 200, "")
		thief.want(thief.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+own+`"}`), 401, "")
		owner.signIn("ada@example.com", another)
	})
}

func TestAChangeOfAddressCanBeUndoneForAWeek(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, x := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		confirm, undo := v.change("ada@example.com", "new@example.com", 1)
		s.clock.Advance(59 * time.Minute)
		v.want(v.follow(confirm), 302, "")
		s.clock.Advance(7 * 24 * time.Hour)
		x.want(x.undo(undo, another), 401, "TOKEN_EXPIRED")
		x.signUp("ada@example.com") // which is free by now
	})
}

// TestAnAddressIsKeptForItsOwner as long as its link is good. Nobody learns that.
func TestAnAddressIsKeptForItsOwner(t *testing.T) {
	t.Parallel()
	for name, required := range map[string]bool{"verification required": true, "not required": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(s *site) {
				v, other := s.visitor(), s.visitor()
				signUp := func(v *visitor, email string) {
					v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"`+email+`","password":"`+own+`"}`), 200, "")
					if required {
						v.want(v.prove(s.link(email, 1), "password", own), 200, "")
						v.signIn(email, own)
					}
				}
				signUp(v, "ada@example.com")
				signUp(other, "eve@example.com")
				n := len(mailtest.To(t, s.mails, "ada@example.com"))
				confirm, undo := v.change("ada@example.com", "new@example.com", n+1)
				v.want(v.follow(confirm), 302, "")
				s.mail("ada@example.com", n+2)

				x := s.visitor()
				body := `{"email":"ada@example.com","password":"` + own + `"}`
				if required {
					x.want(x.do("POST", "/api/auth/sign-up/email", body), 200, `"token":null`)
				} else {
					x.want(x.do("POST", "/api/auth/sign-up/email", body), 422, "USER_ALREADY_EXISTS")
				}
				other.want(other.do("POST", "/api/auth/change-email", `{"newEmail":"ada@example.com"}`), 200, `{"status":true}`)
				other.want(other.do("POST", "/api/auth/change-email", `{"newEmail":"free@example.com"}`), 200, `{"status":true}`)
				s.mail("free@example.com", 1)
				if got := len(mailtest.To(t, s.mails, "ada@example.com")); got != n+2 {
					s.t.Errorf("got %d mails to the address that is kept, want %d", got, n+2)
				}
				x.want(x.undo(undo, another), 200, "")
				x.signIn("ada@example.com", another)
			}, func(c *bff.Config) { c.RequireEmailVerification = required })
		})
	}
}

// TestNobodySignsUpWithAnAddressWhileItIsChanged however close they come.
func TestNobodySignsUpWithAnAddressWhileItIsChanged(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		confirm, _ := v.change("ada@example.com", "new@example.com", 1)
		var wg sync.WaitGroup
		for range 4 {
			x := s.visitor()
			wg.Go(func() {
				for range 5 {
					x.want(x.do("POST", "/api/auth/signup", `{"email":"ada@example.com","password":"`+own+`"}`), 422, "")
				}
			})
		}
		v.want(v.follow(confirm), 302, "")
		wg.Wait()
	})
}

// TestForeignLinksBlockNobody: a page has a hundred images whose addresses are links of
// ours with made-up tokens.
func TestForeignLinksBlockNobody(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		s.server.TellAtOnce()
		v := s.visitor()
		v.signUp("ada@example.com")
		v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
		_, token, _ := strings.Cut(s.link("ada@example.com", 1), "/reset-password/")
		x := s.visitor()
		for range 50 {
			x.want(x.follow("/api/auth/verify-email?token=x"), 401, "INVALID_TOKEN")
			x.want(x.follow("/api/auth/verify-email?token="+opaque.NewToken()), 401, "INVALID_TOKEN")
			x.want(x.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"`+opaque.NewToken()+`"}`), 400, "INVALID_TOKEN")
			x.want(x.do("POST", "/api/auth/undo-email", `{"token":"`+opaque.NewToken()+`"}`), 401, "INVALID_TOKEN")
		}
		x.want(x.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"`+token+`"}`), 200, "")
	})
}

// TestWhatIsNoTokenIsNotLookedUp, so that it is refused without a database too.
func TestWhatIsNoTokenIsNotLookedUp(t *testing.T) {
	t.Parallel()
	server, db := ownServer(t)
	v := newSite(t, db).visitor()
	server.Stop(t)
	v.want(v.follow("/api/auth/verify-email?token=x"), 401, "INVALID_TOKEN")
	v.want(v.do("POST", "/api/auth/verify-email", `{"token":"x","password":"y"}`), 401, "INVALID_TOKEN")
	v.want(v.do("POST", "/api/auth/undo-email", `{"token":"x"}`), 401, "INVALID_TOKEN")
	v.want(v.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"x"}`), 400, "INVALID_TOKEN")
	if a := v.follow("/api/auth/reset-password/x?callbackURL=/y"); a.status != 302 {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

// TestAResetKeepsTheBrowserThatAsks signed in, if it is the user's, and no other.
func TestAResetKeepsTheBrowserThatAsks(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, elsewhere, eve := s.visitor(), s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		elsewhere.signIn("ada@example.com", own)
		eve.signUp("eve@example.com")
		ask := func(n int) string {
			v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
			_, token, _ := strings.Cut(s.link("ada@example.com", n), "/reset-password/")
			return token
		}
		old := v.cookieHeader()
		a := v.want(v.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"`+ask(1)+`"}`), 200, `{"status":true}`)
		if line := cookieLine(t, a); !strings.Contains(line, "; HttpOnly") || !v.signedIn() || v.cookieHeader() == old {
			s.t.Errorf("got cookie %q, want the browser that asked signed in under another secret", line)
		}
		thief := s.visitor()
		thief.want(thief.do("GET", "/api/proxy/x", "", "Cookie", old), 401, "")
		if elsewhere.signedIn() {
			s.t.Error("another browser is still signed in")
		}
		s.mail("ada@example.com", 2) // that it was changed
		if a := eve.want(eve.do("POST", "/api/auth/reset-password", `{"newPassword":"`+own+`","token":"`+ask(3)+`"}`), 200, ""); cookieLine(t, a) != "" {
			s.t.Errorf("got cookie %q in somebody else's browser", cookieLine(t, a))
		}
		if !eve.signedIn() || v.signedIn() {
			s.t.Error("want somebody else's session left alone, and the user's ended")
		}
	})
}

// TestAMailedResetLetsTheOwnerIn although others have used up what the account has.
func TestAMailedResetLetsTheOwnerIn(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		owner := s.visitor()
		owner.signUp("ada@example.com")
		at := func(ip, password string) answer {
			return s.visitor().do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+password+`"}`, "X-Forwarded-For", ip)
		}
		for i := range 51 {
			at(fmt.Sprintf("198.51.100.%d", i), "wrong horse battery")
		}
		owner.tooMany(at("203.0.113.5", own))
		for range 10 {
			owner.want(owner.do("POST", "/api/auth/verify-password", `{"password":"wrong horse battery"}`), 400, "")
		}
		owner.tooMany(owner.do("POST", "/api/auth/verify-password", `{"password":"`+own+`"}`))

		owner.want(owner.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
		_, token, _ := strings.Cut(s.link("ada@example.com", 1), "/reset-password/")
		owner.want(owner.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"`+token+`"}`, "X-Forwarded-For", "203.0.113.5"), 200, "")
		owner.want(at("203.0.113.5", another), 200, "")
		owner.want(at("203.0.113.6", another), 200, "")
		owner.want(owner.do("POST", "/api/auth/verify-password", `{"password":"`+another+`"}`), 200, "")
	}, behindAProxy)
}

// TestGuessesFromElsewhereDoNotLockTheOwnerOut, be they from one big network or from
// all over, where they have signed up or in before.
func TestGuessesFromElsewhereDoNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		owner := s.visitor()
		owner.want(owner.do("POST", "/api/auth/signup", `{"email":"ada@example.com","password":"`+own+`"}`, "X-Forwarded-For", "203.0.113.1"), 200, "")
		at := func(ip, password string) answer {
			return s.visitor().do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+password+`"}`, "X-Forwarded-For", ip)
		}
		statuses := map[int]int{}
		for i := range 51 {
			statuses[at(fmt.Sprintf("2001:db8:7:%x::1", i), "wrong horse battery").status]++
		}
		if !maps.Equal(statuses, map[int]int{401: 20, 429: 31}) {
			s.t.Errorf("got %v from one network, want 20 guesses let through", statuses)
		}
		owner.want(at("203.0.113.2", own), 200, "")
		for i := range 60 {
			at(fmt.Sprintf("198.51.100.%d", i), "wrong horse battery")
		}
		owner.tooMany(at("203.0.113.9", own))
		for _, known := range []string{"203.0.113.1", "203.0.113.2"} {
			owner.want(at(known, own), 200, "")
		}
	}, behindAProxy)
}

// TestLinkPagesEscapeTheToken and not what stands in their address.
func TestLinkPagesEscapeTheToken(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		for _, path := range []string{
			"/api/auth/undo-email?token=" + url.QueryEscape(`"><script>alert(1)</script>`),
			"/api/auth/reset-password/" + url.PathEscape(`"><script>alert(1)<`),
		} {
			a := v.want(v.page(path), 200, "<main")
			if ourPage(t, a); strings.Contains(a.body, "<script>") {
				s.t.Errorf("got\n%s", a.body)
			}
		}
		if a := v.do("GET", "/api/auth/link/page.js", ""); a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/javascript") {
			s.t.Errorf("got %d %v", a.status, a.header)
		}
		if a := v.do("GET", "/api/auth/link/page.css", ""); a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/css") {
			s.t.Errorf("got %d %v", a.status, a.header)
		}
		v.want(v.do("GET", "/api/auth/link/page.html", ""), 404, "NOT_FOUND")
		if !slices.Contains(v.do("HEAD", "/api/auth/undo-email?token=x", "").header.Values("Referrer-Policy"), "no-referrer") {
			s.t.Error("HEAD has other headers")
		}
	})
}
