package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fieldsHere describes every field of the page, also hidden ones, with all its attributes
// as the browser has them. What a person types, and what links a field to a text, is left out.
const fieldsHere = `[...document.querySelectorAll('input, textarea, select, [contenteditable]')].filter(e => !e.closest('[inert]') && (!document.querySelector('dialog[open]') || e.closest('dialog'))).map(e =>
	[nameOf(e) || '(hidden)', e.localName, ...e.getAttributeNames().filter(n => !['id', 'value', 'class', 'placeholder', 'aria-label', 'aria-labelledby', 'data-key'].includes(n)).sort().map(n =>
		n === 'aria-describedby' ? n : e.getAttribute(n) === '' ? n : n + '=' + e.getAttribute(n)),
		...(e.spellcheck && !e.hidden && /password|email/i.test(e.name) ? ['(the spelling is checked)'] : [])].join(' '))`

// TestFieldsAreAsInTheTable: every field of every page has just the attributes that
// testdata/fields.txt gives it, in both engines. Nobody sees by looking that the browser checks
// the spelling of a password, or that a password manager does not know a field.
func TestFieldsAreAsInTheTable(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("testdata/fields.txt")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(table)) {
		if !strings.HasPrefix(line, "#") {
			want = append(want, strings.TrimSpace(line))
		}
	}
	a := sharedApp(t)
	for name, w := range map[string]*window{"chromium": a.device(t, "/login"), "firefox": a.firefox(t, "/login")} {
		got := a.fields(t, w, name+"-fields@example.com")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the table and the pages differ (-table +pages):\n%s\nall fields of the pages:\n%s", name, diff, strings.Join(got, "\n"))
		}
		w.quiet("401", "403")
	}
}

// fields goes to every page and dialog and returns a line for each of their fields.
func (a *app) fields(t *testing.T, w *window, email string) (lines []string) {
	t.Helper()
	look := func(page string) {
		t.Helper()
		for _, field := range w.js(fieldsHere).([]any) {
			lines = append(lines, page+": "+field.(string))
		}
	}
	w.shows("New here?")
	look("login")
	w.press("Show password")
	w.until(`named('input', 'Password').type === 'text'`)
	look("login, shown")
	w.press("Forgot your password?")
	w.shows("we send you a link")
	look("forgot")
	w.open(a.bff + "/reset-password?token=x")
	w.shows("Set a new password")
	look("reset")
	w.open(a.bff + "/signup")
	w.shows("Have an account?")
	look("signup")
	w.press("Create account")
	w.shows("Enter a password.")
	look("signup with errors")
	w.signUp(email)
	w.add("Buy milk")
	w.saved()
	look("tasks")
	w.press("Edit", "Buy milk")
	w.until(`named('textarea', 'Title')`)
	look("a task")
	w.press("Cancel")
	w.press("Account")
	w.shows("This device")
	look("account")
	w.press("Delete account…")
	w.shows("Delete your account?")
	look("deletion")
	w.press("Keep it")
	a.forgetProofs(t, email)
	w.fill("New email", "new-"+email)
	w.press("Change email")
	w.shows("Confirm that it is you")
	look("proof")
	w.press("Cancel")
	w.fetch("POST", "/api/auth/sign-out", "{}")
	w.shows("Session expired. Please log in again.")
	look("expired")
	return lines
}
