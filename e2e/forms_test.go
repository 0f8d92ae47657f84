package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func TestErrorsAreShownAtTheirFields(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	a.signedUp(t, "taken@example.com")
	w := a.device(t, "/signup")
	wrong := func(label, text string) {
		t.Helper()
		field := `named('input', ` + quoted(label) + `)`
		w.until(field + `?.getAttribute('aria-invalid') === 'true' && document.getElementById(` + field + `.getAttribute('aria-describedby')).textContent.includes(` + quoted(text) + `) && document.activeElement === ` + field)
	}
	w.press("Create account")
	wrong("Email", "Enter your email address.")
	// Whoever mends the first of two fields is left in it, at each key.
	for i := range "ada@" {
		w.write("ada@"[i : i+1])
		w.until(`!named('input', 'Email').ariaInvalid && named('input', 'Password').ariaInvalid === 'true' && named('input', 'Email').value === ` + quoted("ada@"[:i+1]))
		w.do(chromedp.Sleep(50 * time.Millisecond))
	}
	w.fill("Email", "not an address")
	w.fill("Password", "paper-lantern-42")
	w.press("Create account")
	wrong("Email", "This is not an email address.")
	w.fill("Email", "a..b@example.com") // only the server knows
	w.press("Create account")
	wrong("Email", "This is not an email address.")
	w.fill("Email", "taken@example.com")
	w.press("Create account")
	wrong("Email", "This address already has an account. Log in, or use another address.")
	w.fill("Email", "fresh@example.com")
	w.fill("Password", "short")
	w.press("Create account")
	wrong("Password", "at least 8 characters")
	w.fill("Password", "password")
	w.press("Create account")
	wrong("Password", "try first")
	w.fill("Password", strings.Repeat("x", 129))
	w.press("Create account")
	wrong("Password", "too long")
	w.press("Show password")
	w.until(`named('input', 'Password').type === 'text' && named('input', 'Password').autocomplete === 'new-password'`)
	w.press("Log in")
	w.logIn("taken@example.com", "wrong-password")
	wrong("Password", "The email or the password is wrong.")
	w.logIn("nobody@example.com", "wrong-password")
	wrong("Password", "The email or the password is wrong.")
	// What the server says where it has more to say than that.
	answers := func(path string, status int, code, message string) {
		t.Helper()
		w.do(evaluate(fmt.Sprintf(`window.real ??= window.fetch; window.fetch = (url, init) => url.endsWith(%s) ? Promise.resolve(new Response(JSON.stringify({ code: %s, message: %s }), { status: %d, headers: { 'Content-Type': 'application/json' } })) : real(url, init)`,
			quoted(path), quoted(code), quoted(message), status)))
	}
	answers("/sign-in/email", 401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password, or the address is not confirmed yet.")
	w.press("Log in")
	wrong("Password", "or the address is not confirmed yet.")
	answers("/send-verification-email", 429, "TOO_MANY_REQUESTS", "x")
	w.press("Send a link to confirm the address")
	w.shows("Too many attempts.")
	w.js(`window.fetch = window.real`)
	w.fill("Email", "somebody@example.com")
	answers("/sign-in/email", 401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password, or the address is not confirmed yet.")
	w.press("Log in")
	w.press("Send a link to confirm the address")
	w.shows("If there is an account for somebody@example.com whose address is not confirmed, a link is on its way.")
	w.press("Create an account")
	w.fill("Email", "fresh@example.com")
	w.js(`window.fetch = window.real`)
	w.fill("Password", "qwertyuiop")
	w.press("Create account")
	wrong("Password", "too easy to guess")
	w.fill("Password", "fresh@example.com")
	w.press("Create account")
	wrong("Password", "too easy to guess")
	w.fill("Password", "paper-lantern-42")
	answers("/sign-up/email", 400, "EMAIL_PASSWORD_SIGN_UP_DISABLED", "Sign-up is closed here.")
	w.press("Create account")
	w.until(`document.querySelector('form .whole')?.textContent === 'Sign-up is closed here.'`)
	w.press("Log in")
	w.js(`window.fetch = window.real`)
	w.press("Forgot your password?")
	w.fill("Email", "x")
	w.press("Send the link")
	wrong("Email", "This is not an email address.")
	w.open(a.bff + "/reset-password?token=never-made")
	w.fill("New password", "password456")
	w.press("Set the password")
	w.shows("This link has expired or was used.")
	if got := w.js(`location.search`); got != "" {
		t.Errorf("the token stays in the address: %v", got)
	}
	w.quiet("400", "401", "422")
}
