package bff_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"vestibule/internal/opaque"
	"vestibule/store"
)

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

// resetLink stores a link to a new password, as the outbox does when it sends one.
func (s *site) resetLink(email string) (token string) {
	s.t.Helper()
	token = opaque.NewToken()
	user, err := s.db.UserByEmail(s.t.Context(), email)
	if err != nil {
		s.t.Fatal(err)
	}
	now := s.clock.Now()
	err = errors.Join(
		s.db.Tx(s.t.Context(), "test", func(tx *store.Tx) error {
			return tx.QueueMail(store.Mail{ID: "mail_reset", Kind: store.MailReset, Recipient: email, CreatedAt: now, DueAt: now})
		}),
		s.db.PutVerification(s.t.Context(), store.Verification{
			ID: "mail_reset", Purpose: store.PurposeReset, TokenHash: opaque.Hash(token), UserID: user.ID, Email: email, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		}))
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}
