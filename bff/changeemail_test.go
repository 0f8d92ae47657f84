package bff_test

import (
	"strings"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/mailtest"
	"vestibule/store"
)

// change requests a change of address and returns the links that confirm and undo it. The
// undo link is in the n-th mail to the old address.
func (v *visitor) change(from, to string, n int) (confirm, undo string) {
	v.t.Helper()
	v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"`+to+`","callbackURL":"/account"}`), 200, `{"status":true}`)
	confirm = v.link(to, 1)
	return confirm, v.link(from, n)
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
		notice := s.mail("ada@example.com", 1)
		free := v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"Ada@Other.example.com"}`), 200, `{"status":true}`)
		if taken.body != free.body {
			s.t.Errorf("got %s for a taken address and %s for a free one", taken.body, free.body)
		}
		// The old address already has a notice, with the same text for both.
		confirm := s.link("ada@other.example.com", 1)
		unlinked := func(text string) string { return linkPattern.ReplaceAllString(text, "LINK") }
		if again := s.mail("ada@example.com", 2); unlinked(again) != unlinked(notice) || !strings.Contains(again, "/api/auth/undo-email?token=") || strings.Contains(again, "other.example.com") {
			s.t.Errorf("got\n%s\nfor a free address, and for a taken one\n%s", again, notice)
		}
		v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
		_, reset, _ := strings.Cut(s.link("ada@example.com", 3), "/reset-password/")
		bare, _, _ := strings.Cut(confirm, "&callbackURL")

		// The owner of the new mailbox may not be the owner of the account.
		other.want(other.follow(bare), 403, "PASSWORD_REQUIRED")
		asks := other.want(other.page(confirm), 200, `data-post="/api/auth/verify-email"`)
		if wantSafePage(t, asks); strings.Contains(asks.body, "newPassword") {
			s.t.Errorf("the page lets the owner of the new address set a password:\n%s", asks.body)
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
		// Of the links to the old address, only the undo link still works.
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

// The link to a new address does not accept a new password, not even from the session
// that asked for the change. The refusal consumes nothing: the link still works.
func TestAChangeOfAddressRefusesANewPassword(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
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

// TestANewAddressTakenBeforeItsLinkIsFollowed: somebody else signs up with the new address
// between the mail and the click.
func TestANewAddressTakenBeforeItsLinkIsFollowed(t *testing.T) {
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

// TestAChangeOfAddressEndsWithItsSession: a thief has used a session of the owner to request a
// change to the thief's address. Then the session ends, in any of these ways. The thief knows
// the password, so only the end of the request keeps the thief out.
func TestAChangeOfAddressEndsWithItsSession(t *testing.T) {
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
			if err := owner.revokeAll(owner.userBy("ada@example.com").ID); err != nil {
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

// TestAChangeOfAddressEndsWhenItsSessionExpires: the limits that are configured now decide.
func TestAChangeOfAddressEndsWhenItsSessionExpires(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, mailbox := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		s.clock.Advance(10 * time.Minute)
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"`+own+`"}`), 200, "")
		confirm, _ := v.change("ada@example.com", "new@example.com", 1)
		bare, _, _ := strings.Cut(confirm, "&callbackURL")
		s.clock.Advance(30 * time.Minute)
		strict := newIdleSite(s.t, s.db, func(c *bff.Config) { c.SessionMaxAge = 35 * time.Minute }) // which sends no mail again after the other one
		strict.clock.Set(s.clock.Now())
		w := strict.visitor()
		w.want(w.prove(bare, "password", own), 401, "INVALID_TOKEN")
		mailbox.want(mailbox.prove(bare, "password", own), 200, "new@example.com")
	})
}
