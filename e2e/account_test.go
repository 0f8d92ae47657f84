package e2e

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vestibule/internal/mailtest"
)

// TestTheAccountPage: the account can be changed, its devices signed out, and be deleted.
func TestTheAccountPage(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "account@example.com")
	w.press("Account")
	w.shows("This device")
	w.fill("Name", "Augusta")
	w.press("Save name")
	w.shows("Your name is saved.")
	w.fill("Name", " ")
	w.press("Save name")
	w.until(`document.activeElement.getAttribute('aria-invalid') && text().includes('Enter a name.')`)

	if got := w.js(`text().includes('again')`); got != false {
		t.Error("the page offers to send a link again although none was sent")
	}
	w.press("Send a link to confirm it")
	w.shows("We have sent a link to account@example.com.")
	w.until(`named('button', 'Send the link again')`)
	w.open(a.mailedLink(t, "account@example.com"))
	w.shows("Your address account@example.com is confirmed.")
	w.until(`location.pathname + location.search === '/account'`)

	w.fill("New email", "account@example.com")
	w.press("Change email")
	w.shows("This is your address already.")
	w.fill("New email", "countess@example.com")
	w.press("Change email")
	w.shows("We have sent a link to countess@example.com.")
	w.shows("Your current address gets a mail too, with a link that stops the change.")
	w.open(a.mailedLink(t, "countess@example.com"))
	w.until(`location.pathname + location.search === '/account' && text().includes('You log in with countess@example.com.')`)
	w.shows("Your address is changed. You log in with countess@example.com now.")
	w.shows("Confirmed")

	other := a.device(t, "/login")
	other.logIn("countess@example.com", "paper-lantern-42")
	other.shows("Nothing to do yet")
	third := a.device(t, "/login")
	third.logIn("countess@example.com", "paper-lantern-42")
	third.shows("Nothing to do yet")
	w.reload()
	w.until(`document.querySelectorAll('.devices li').length === 3`)
	w.js(`[...document.querySelectorAll('.devices button')].slice(-1)[0].click()`)
	w.until(`document.querySelectorAll('.devices li').length === 2`)
	w.press("Log out all other devices")
	w.until(`document.querySelectorAll('.devices li').length === 1`)
	other.shows("Session expired. Please log in again.")
	third.shows("Session expired. Please log in again.")
	third.logIn("", "paper-lantern-42")
	third.shows("Nothing to do yet")

	w.fill("Current password", "wrong")
	w.fill("New password", "password456")
	w.press("Change password")
	w.shows("This is not your current password.")
	w.fill("Current password", "paper-lantern-42")
	w.press("Change password")
	w.shows("Your password is changed.")
	third.shows("Session expired. Please log in again.")
	w.until(`document.querySelectorAll('.devices li').length === 1`)

	w.press("Delete account…")
	w.fill("Password", "paper-lantern-42")
	w.press("Delete account")
	w.shows("This is not your current password.")
	w.press("Keep it")
	w.press("Delete account…")
	w.fill("Password", "password456")
	w.press("Delete account")
	w.until(`location.pathname === '/signup'`)
	w.shows("Your account is deleted.")
	w.press("Log in")
	w.logIn("countess@example.com", "password456")
	w.shows("The email or the password is wrong.")
	w.quiet("400", "401")
	other.quiet("401")
	third.quiet("401")
}

// mailedLink is the link in the first mail to an address.
func (a *app) mailedLink(t *testing.T, to string) string {
	t.Helper()
	text := mailtest.Wait(t, filepath.Join(a.dir, "data", "mail"), to, 1)
	link := regexp.MustCompile(`http\S+/api/auth/\S+`).FindString(text)
	if link == "" {
		t.Fatalf("no link in the mail to %s:\n%s", to, text)
	}
	return link
}

// TestAForgottenPasswordCanBeSet: by somebody who is still logged in.
func TestAForgottenPasswordCanBeSet(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "forgotten@example.com")
	w.press("Account")
	w.press("Forgot your password?")
	w.fill("Email", "forgotten@example.com")
	w.press("Send the link")
	w.shows("a link to set a new password is on its way")
	w.open(a.mailedLink(t, "forgotten@example.com"))
	w.shows("At least 8 characters.")
	for range 2 { // a reload keeps the link
		if got := w.js(`location.href + document.referrer`).(string); !strings.HasSuffix(got, "/reset-password") {
			t.Errorf("got the address and the referrer %s, want no token", got)
		}
		w.reload()
		w.fill("New password", "short")
	}
	w.press("Set the password")
	w.shows("Password too short: at least 8 characters are needed.")
	w.fill("New password", "password456")
	w.press("Set the password")
	w.shows("Your password is set")
	w.press("Continue to your tasks") // the browser that has asked stays in
	w.shows("Nothing to do yet")
	w.leave(`history.back()`)
	w.shows("This link does not work") // it was used
	w.open(a.bff + "/tasks")
	w.shows("Nothing to do yet")
	w.press("Log out")
	w.until(`location.pathname === '/login'`)
	w.logIn("forgotten@example.com", "password456")
	w.shows("Nothing to do yet")
	w.quiet("400", "401")
}

func TestTheFocusIsNotLostWithADevice(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "devices@example.com")
	for range 2 {
		other := a.device(t, "/login")
		other.logIn("devices@example.com", "paper-lantern-42")
		other.shows("Nothing to do yet")
	}
	w.press("Account")
	for left := 2; left > 0; left-- {
		w.until(`document.querySelectorAll('.devices li').length === ` + fmt.Sprint(left+1))
		// One by its own button, the last by that for all others.
		w.js(`document.querySelectorAll('.devices button, .devices + button')[` + fmt.Sprint(2-left) + `].focus()`)
		w.enter()
		w.until(`document.querySelectorAll('.devices li').length === ` + fmt.Sprint(left))
		w.until(`document.activeElement.textContent === 'Devices'`)
	}
	w.quiet()
}
