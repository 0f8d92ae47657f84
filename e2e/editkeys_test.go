package e2e

import "testing"

// TestTheEditorsKeys: Ctrl+Enter saves from both fields, and Escape asks before text is lost.
func TestTheEditorsKeys(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	for _, w := range a.signedUpInBoth(t, "editor") {
		w.add("Buy milk")
		w.lists("Buy milk")
		w.saved()
		w.press("Edit", "Buy milk")
		w.fill("Description", "two litres")
		w.ctrl("\r")
		w.until(`!document.querySelector('.editor') && text().includes('two litres')`)
		w.until(`nameOf(document.activeElement) === 'Edit'`)
		w.saved()
		w.press("Edit", "Buy milk")
		w.fill("Title", "Buy oat milk")
		w.ctrl("\r")
		w.lists("Buy oat milk")
		w.saved()
		// An unchanged editor closes at once.
		w.press("Edit", "Buy oat milk")
		w.until(`named('textarea', 'Title') === document.activeElement`)
		w.escape()
		w.until(`!document.querySelector('.editor, dialog') && nameOf(document.activeElement) === 'Edit'`)
		w.press("Edit", "Buy oat milk")
		w.fill("Description", "three litres")
		w.escape()
		w.shows("Discard what you have typed?")
		w.escape() // back to the text
		w.until(`!document.querySelector('dialog') && named('textarea', 'Description') === document.activeElement && document.activeElement.value === 'three litres'`)
		w.escape()
		w.press("Keep editing")
		w.until(`!document.querySelector('dialog') && named('textarea', 'Description').value === 'three litres'`)
		w.escape()
		w.press("Discard")
		w.until(`!document.querySelector('.editor, dialog') && text().includes('two litres')`)
		w.until(`nameOf(document.activeElement) === 'Edit'`)
		w.quiet()
	}
}

// TestAForgottenPasswordInTheExpiredDialog: the link opens another tab, and the typed text
// waits in this one until the person is back.
func TestAForgottenPasswordInTheExpiredDialog(t *testing.T) {
	t.Parallel()
	a := sharedApp(t)
	w := a.signedUp(t, "expired-forgotten@example.com")
	w.fill("New task", "half ty")
	w.fetch("POST", "/api/auth/sign-out", "{}")
	w.shows("Session expired. Please log in again.")
	link := w.js(`(a => [a.target, a.pathname, a.rel])(named('a', 'Forgot your password?'))`).([]any)
	if link[0] != "_blank" || link[1] != "/forgot" || link[2] != "noopener" {
		t.Errorf("got target, address and rel %v, want a new tab with /forgot", link)
	}
	tab := a.beside(t, w, link[1].(string))
	tab.fill("Email", "expired-forgotten@example.com")
	tab.press("Send the link")
	tab.shows("a link to set a new password is on its way")
	tab.open(a.mailedLink(t, "expired-forgotten@example.com"))
	tab.fill("New password", "seven green umbrellas")
	tab.press("Set the password")
	tab.shows("Your password is set")
	w.logIn("", "seven green umbrellas")
	w.until(`!document.querySelector('dialog') && named('textarea', 'New task').value === 'half ty'`)
	w.quiet("401")
	tab.quiet()
}
