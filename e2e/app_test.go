package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestApp is the app in a real browser, against the real product.
func TestApp(t *testing.T) {
	a := newApp(t)

	t.Run("somebody signs up, keeps tasks and comes back", func(t *testing.T) {
		w := a.device(t, "/")
		w.until(`location.pathname === '/login' && document.title === 'Log in · Vestibule'`)
		w.press("Create an account")
		w.fill("Name", "Ada Lovelace")
		w.fill("Email", "ada@example.com")
		w.fill("Password", "password123")
		w.press("Create account")
		w.shows("Nothing to do yet")
		w.add("Write the first program")
		w.lists("Write the first program")
		w.add("Read Menabrea")
		w.lists("Read Menabrea", "Write the first program")
		w.press("Read Menabrea")
		w.until(`named(pressable, 'Read Menabrea').checked`)
		w.until(`named('a', 'Done 1')`)
		w.press("Edit", "Write the first")
		w.fill("Title", "Write the very first program")
		w.fill("Description", "For the Analytical Engine")
		w.press("Save")
		w.shows("For the Analytical Engine")
		w.saved()
		w.do(chromedp.Reload())
		w.lists("Read Menabrea", "Write the very first program")
		w.press("Delete", "Menabrea")
		w.lists("Write the very first program")
		w.press("Undo")
		w.lists("Read Menabrea", "Write the very first program")
		w.press("Log out")
		w.until(`location.pathname === '/login'`)
		w.quiet()
	})
}
