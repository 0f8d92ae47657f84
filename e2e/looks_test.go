package e2e

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// axe looks for what shuts people out (WCAG 2.2 A and AA, and good practice), and
// returns what it finds.
func (w *window) axe(source string) {
	w.Helper()
	w.do(chromedp.Steps(evaluate(source)))
	found, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`axe.run({ resultTypes: ['violations'] }).then(r => JSON.stringify(
		r.violations.map(v => v.id + ': ' + v.help + ' — ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | '))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		w.Fatal(err)
	}
	var violations []string
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		w.Fatal(err)
	}
	for _, v := range violations {
		w.Errorf("axe at %v: %s", w.js(`location.pathname`), v)
	}
}

// evaluate runs a script for what it does.
func evaluate(source string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Evaluate[json.RawMessage](source+"\n;null")(ctx, t)
		return chromedp.Void{}, err
	}
}

// TestEveryPageInBothSchemes looks at every page as a phone and a desktop show it, in
// light and in dark, with axe-core; and with SCREENSHOTS=true keeps what it sees in
// docs/images.
func TestEveryPageInBothSchemes(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(clientFolder(t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(t)
	images, err := filepath.Abs("../docs/images")
	if err != nil {
		t.Fatal(err)
	}
	w := a.device(t, "/login")
	look := func(name string) {
		t.Helper()
		for _, scheme := range []string{"light", "dark"} {
			w.scheme(scheme)
			for _, size := range []struct {
				name          string
				width, height int64
				how           []chromedp.EmulateViewportOption
			}{{"desktop", 1100, 760, nil}, {"phone", 390, 760, []chromedp.EmulateViewportOption{chromedp.EmulateMobile}}} {
				w.do(chromedp.EmulateViewport(size.width, size.height, size.how...))
				w.js(`document.activeElement?.blur(), scrollTo(0, 0)`)
				if w.js(`document.documentElement.scrollWidth > innerWidth`) == true {
					t.Errorf("%s is wider than a %s", name, size.name)
				}
				w.axe(string(source))
				if os.Getenv("SCREENSHOTS") == "" {
					continue
				}
				w.do(chromedp.Sleep(200 * time.Millisecond))
				png, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(images, "app-"+name+"-"+scheme+"-"+size.name+".png"), png, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.do(chromedp.EmulateViewport(1000, 800))
	}
	w.shows("New here?")
	look("login")
	w.press("Log in")
	w.shows("Enter your password.")
	look("login-errors")
	w.press("Create an account")
	w.shows("Have an account?")
	look("signup")
	w.fill("Name", "Ada Lovelace")
	w.fill("Email", "ada@example.com")
	w.fill("Password", "password123")
	w.press("Create account")
	w.shows("Nothing to do yet")
	look("tasks-empty")
	for _, task := range []struct{ title, description string }{
		{"Plan the walk along the coast", "Tide tables, boots, and somebody who knows the path."},
		{"Return the library books", ""},
		{"Buy bread, olives and a lemon", ""},
		{"Call the dentist", "They open at nine."},
		{"Send Grace the notes on the compiler", ""},
		{"لا تنس موعد الاجتماع", ""},
		{"Water the plants", ""},
	} {
		body, _ := json.Marshal(map[string]any{"title": task.title, "description": task.description, "completed": task.title == "Water the plants" || task.title == "Return the library books"})
		w.fetch("POST", "/api/proxy/me/tasks", string(body))
	}
	w.do(chromedp.Reload())
	w.shows("Water the plants")
	look("tasks")
	w.press("Edit", "Call the dentist")
	look("tasks-edit")
	w.press("Cancel")
	w.press("Account")
	w.shows("This device")
	look("account")
	w.press("Delete account…")
	w.shows("Delete your account?")
	look("account-delete")
	w.press("Keep it")
	w.fetch("POST", "/api/auth/sign-out", "{}")
	w.press("Save name")
	w.shows("Session expired. Please log in again.")
	look("expired")
	w.press("Log in as somebody else")
	w.press("Forgot your password?")
	w.shows("we send you a link")
	look("forgot")
	w.do(chromedp.Navigate(a.bff + "/nowhere"))
	w.shows("There is nothing at this address.")
	look("nowhere")
}
