package e2e

import (
	"strings"
	"testing"
)

// TestTheAppSaysWhyItIsRefused: the app shows the server's message about a closed sign-up, an
// easy password and a page at the wrong address.
func TestTheAppSaysWhyItIsRefused(t *testing.T) {
	t.Parallel()
	closed, open := newApp(t, "SIGN_UP=off"), sharedApp(t)
	signUp := func(a *app, password string) *window {
		w := a.device(t, "/signup")
		w.fill("Email", "ada.lovelace@example.com")
		w.fill("Password", password)
		w.press("Create account")
		return w
	}
	signUp(closed, "paper-lantern-42").shows("Sign-up is closed here. Ask the operator for an account.")
	signUp(open, "password").shows("it is among the passwords that attackers try first.")
	signUp(open, "Ada.Lovelace").shows("it is your email address")

	// To a browser 127.0.0.1 is another site than localhost.
	there, elsewhere := *open.product, *open
	there.bff = strings.Replace(open.bff, "://localhost:", "://127.0.0.1:", 1)
	elsewhere.product = &there
	w := elsewhere.device(t, "/login")
	w.logIn("ada@example.com", "paper-lantern-42")
	w.shows("Open " + open.bff + " instead")
	open.processes[0].log.Want(t, `"refused_origin":"`+there.bff+`","from":"Origin","setting":"TRUSTED_ORIGINS"`)
}
