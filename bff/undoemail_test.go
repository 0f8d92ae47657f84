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
