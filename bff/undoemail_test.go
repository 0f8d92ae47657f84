package bff_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/bff"
	"vestibule/internal/mailtest"
	"vestibule/internal/opaque"
	"vestibule/store"
)

// undo uses the link that stops or undoes a change. With "" it sets no new password.
func (v *visitor) undo(link, newPassword string) answer {
	v.t.Helper()
	body := `{"token":"` + tokenOf(v.t, link) + `"`
	if newPassword != "" {
		body += `,"newPassword":"` + newPassword + `"`
	}
	return v.do("POST", "/api/auth/undo-email", body+"}")
}

func TestAChangeOfAddressIsStopped(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		owner, thief := s.visitor(), s.visitor()
		owner.signUp("ada@example.com")
		thief.signIn("ada@example.com", own)
		confirm, undo := thief.change("ada@example.com", "thief@example.com", 1)
		bare, _, _ := strings.Cut(confirm, "&callbackURL")

		for range 2 { // mail scanners follow the link first
			asks := owner.want(owner.page(undo), 200, `data-post="/api/auth/undo-email"`)
			wantSafePage(t, asks)
		}
		owner.want(owner.do("GET", "/api/auth/undo-email", ""), 400, "[query.token]")
		if !owner.signedIn() || !thief.signedIn() {
			s.t.Fatal("a click has ended a session")
		}
		x := s.visitor()
		x.want(x.do("POST", "/api/auth/undo-email", `{"token":"`+opaque.NewToken()+`"}`), 401, "INVALID_TOKEN")
		x.want(x.do("POST", "/api/auth/undo-email", `{"token":"`+tokenOf(t, confirm)+`"}`), 401, "INVALID_TOKEN") // a token for another purpose
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

// TestAChangeOfAddressIsUndone: a thief knows the password and has changed the address twice.
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
		for _, link := range []string{second, later} { // the one to the thief's first address, and the owner's second one
			x.want(x.undo(link, "a thief's horse battery"), 401, "INVALID_TOKEN")
			s.userBy("ada@example.com")
		}
		x.want(x.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"`+reset+`"}`), 400, "INVALID_TOKEN")
		// The undo set no password, so the address gets a link to set one.
		_, rest, _ := strings.Cut(s.link("ada@example.com", 3), "/reset-password/")
		wantSafePage(t, x.want(x.page("/api/auth/reset-password/"+rest), 200, `name="newPassword"`))
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
		x.signUp("ada@example.com") // the address is free again
	})
}

// TestAFormerAddressIsReservedForItsOwner: while its undo link works. No answer reveals that.
func TestAFormerAddressIsReservedForItsOwner(t *testing.T) {
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
					s.t.Errorf("got %d mails to the reserved address, want %d", got, n+2)
				}
				x.want(x.undo(undo, another), 200, "")
				x.signIn("ada@example.com", another)
			}, func(c *bff.Config) { c.RequireEmailVerification = required })
		})
	}
}

// TestAnAddressCannotBeTakenDuringItsChange: concurrent sign-ups with the old address fail.
func TestAnAddressCannotBeTakenDuringItsChange(t *testing.T) {
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

// TestTheOwnerOfAReservedAddressGetsAnUndoLink: an attacker has signed up with another person's
// address and has changed to their own, so the first one is reserved for the attacker's account.
// The owner of the address gets the account by mail.
func TestTheOwnerOfAReservedAddressGetsAnUndoLink(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		thief, owner := s.visitor(), s.visitor()
		thief.signUp("ada@example.com")
		thief.want(thief.do("POST", "/api/auth/change-email", `{"newEmail":"eve@example.com"}`), 200, "")
		thief.want(thief.follow(s.link("eve@example.com", 1)), 302, "")
		owner.want(owner.do("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"another-lantern-42"}`), 422, "")
		owner.want(owner.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
		link := s.link("ada@example.com", 3) // after the notices before and after the change
		owner.want(owner.do("POST", "/api/auth/undo-email", `{"token":"`+tokenOf(t, link)+`","newPassword":"another-lantern-42"}`), 200, "")
		owner.signIn("ada@example.com", "another-lantern-42")
		if thief.signedIn() {
			s.t.Error("the thief is still signed in")
		}
	})
}
