package e2e

import (
	"testing"
)

// TestPasswordFields: what is typed is hidden until the person wants to see it, and
// password managers may fill it in.
func TestPasswordFields(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.device(t, "/login")
	check := func(page string, labels ...string) {
		t.Helper()
		for _, label := range labels {
			field := `named('input', ` + quoted(label) + `)`
			w.until(field)
			got := w.js(`(e => [e.type, /^(current|new)-password$/.test(e.autocomplete), e.maxLength, e.readOnly,
				e.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true })), e.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true }))])(` + field + `)`).([]any)
			if got[0] != "password" || got[1] != true || got[2] != -1.0 || got[3] != false || got[4] != true || got[5] != true {
				t.Errorf("%s, %s: got type, for password managers, maxlength, readonly, paste, drop %v; want password, true, none, false, true, true", page, label, got)
			}
			w.fill(label, "seven green umbrellas")
			w.until(field + `.value === 'seven green umbrellas'`)
		}
	}
	check("log-in", "Password")
	w.press("Show password")
	w.until(`named('input', 'Password').type === 'text'`)
	w.press("Show password")
	w.until(`named('input', 'Password').type === 'password'`)
	w.press("Create an account")
	w.fill("Email", "fields@example.com")
	check("sign-up", "Password")
	w.press("Create account")
	w.shows("Nothing to do yet")
	w.press("Account")
	w.shows("This device")
	check("account", "Current password", "New password")
	w.press("Delete account…")
	w.shows("Delete your account?")
	check("deletion", "Password")
	w.press("Keep it")
	w.press("Log out")
	w.until(`location.pathname === '/login'`)
	w.open(a.bff + "/reset-password?token=x")
	check("a new password", "New password")
	w.quiet()
}
