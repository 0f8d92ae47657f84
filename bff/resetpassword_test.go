package bff_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/mailtest"
	"vestibule/internal/opaque"
	"vestibule/store"
)

// TestAResetKeepsTheSessionThatSendsIt: if it is a session of that user. All other sessions
// of the user end.
func TestAResetKeepsTheSessionThatSendsIt(t *testing.T) {
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
			s.t.Errorf("got cookie %q, want the browser that sent the reset signed in with a new secret", line)
		}
		thief := s.visitor()
		thief.want(thief.do("GET", "/api/proxy/x", "", "Cookie", old), 401, "")
		if elsewhere.signedIn() {
			s.t.Error("another browser is still signed in")
		}
		s.mail("ada@example.com", 2) // the notice of the new password
		if a := eve.want(eve.do("POST", "/api/auth/reset-password", `{"newPassword":"`+own+`","token":"`+ask(3)+`"}`), 200, ""); cookieLine(t, a) != "" {
			s.t.Errorf("got cookie %q in another user's browser", cookieLine(t, a))
		}
		if !eve.signedIn() || v.signedIn() {
			s.t.Error("want the other user's session unchanged, and the user's session ended")
		}
	})
}

// TestAResetEndsTheBlocksOfTheOwner: others have exhausted the account's limits.
func TestAResetEndsTheBlocksOfTheOwner(t *testing.T) {
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
		owner.wantTooMany(at("203.0.113.5", own))
		for range 10 {
			owner.want(owner.do("POST", "/api/auth/verify-password", `{"password":"wrong horse battery"}`), 400, "")
		}
		owner.wantTooMany(owner.do("POST", "/api/auth/verify-password", `{"password":"`+own+`"}`))

		owner.want(owner.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
		_, token, _ := strings.Cut(s.link("ada@example.com", 1), "/reset-password/")
		owner.want(owner.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"`+token+`"}`, "X-Forwarded-For", "203.0.113.5"), 200, "")
		owner.want(at("203.0.113.5", another), 200, "")
		owner.want(at("203.0.113.6", another), 200, "")
		owner.want(owner.do("POST", "/api/auth/verify-password", `{"password":"`+another+`"}`), 200, "")
	}, behindAProxy)
}

// resetLink stores a reset link, as the outbox does before it sends one.
func (s *site) resetLink(email string) (token string) {
	s.t.Helper()
	token = opaque.NewToken()
	now := s.clock.Now()
	err := errors.Join(
		s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error {
			return tx.QueueMail(store.Mail{ID: "mail_reset", Kind: store.MailReset, Recipient: email, CreatedAt: now, DueAt: now})
		}),
		s.db.PutVerification(s.t.Context(), store.Verification{
			ID: "mail_reset", Purpose: store.PurposeReset, TokenHash: opaque.Hash(token), UserID: s.userBy(email).ID, Email: email, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		}))
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// resetToken requests a reset link and returns its token.
func (v *visitor) resetToken(email string) string {
	v.t.Helper()
	v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"`+email+`","redirectTo":"/new-password"}`), 200, "true")
	return strings.TrimPrefix(strings.Split(v.link(email, 1), "?")[0], "/api/auth/reset-password/")
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
		for range 2 { // the first time, a mail scanner follows it
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
		wantSafePage(t, asks)
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
			s.t.Error("the reset did not verify the address")
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

func TestWhenResetLinksEnd(t *testing.T) {
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
			s.t.Errorf("an expired link redirects to %q", a.header.Get("Location"))
		}
		one, two := ask(2), ask(3)
		v.want(use(two), 200, "") // notice: mail 4
		v.want(use(one), 400, "INVALID_TOKEN")

		v.signIn("ada@example.com", "another password")
		s.mail("ada@example.com", 4)
		three := ask(5)
		v.want(v.do("POST", "/api/auth/change-password", `{"currentPassword":"another password","newPassword":"a third password"}`), 200, "")
		v.want(use(three), 400, "INVALID_TOKEN")

		// A link for one purpose does not work for another.
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
