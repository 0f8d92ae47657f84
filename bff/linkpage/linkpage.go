// Package linkpage has the pages that open for links from mails when a click alone must not
// perform the action. The program contains these pages, so they exist with any app. They
// load nothing from other hosts: they work without the internet, and their policy allows
// only their own script.
package linkpage

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"

	"vestibule/internal/web"
)

// The kinds of page.
const (
	Verify = "verify" // asks for the password, or a new one
	Change = "change" // asks for the password
	Undo   = "undo"   // asks for confirmation, and for a new password
	Reset  = "reset"  // asks for a new password
	Dead   = "dead"   // says that the link no longer works
)

// policy is the pages' CSP. Only the script sends the forms.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

var (
	//go:embed page.html
	source string
	//go:embed page.js
	script []byte
	//go:embed page.css
	style []byte

	page = template.Must(template.New("link").Parse(source))
)

// about has the title of each kind of page before and after the action, and the path to
// which its script sends the input.
var about = map[string]struct{ title, done, post string }{
	Verify: {"Confirm your address", "Your address is confirmed", "/api/auth/verify-email"},
	Change: {"Confirm your new address", "Your address is changed", "/api/auth/verify-email"},
	Undo:   {"Was this not you?", "The change is stopped", "/api/auth/undo-email"},
	Reset:  {"Choose a new password", "Your password is set", "/api/auth/reset-password"},
	Dead:   {"This link no longer works", "", ""},
}

// Page is the page for one link.
type Page struct {
	Kind     string
	Site     string // the name of the product
	Shortest int    // the minimum length of a new password, in characters
	Token    string // the token of the link
	Username string // the address under which a password manager stores the password; "" if it is not looked up
	Next     string // where the browser continues afterwards, already checked; "" is our home page
}

// Write answers with the page. It sends no Referrer, because the page's address contains the
// token.
func (p Page) Write(w http.ResponseWriter) error {
	of := about[p.Kind]
	home := p.Next
	if home == "" {
		home = "/"
	}
	var text bytes.Buffer
	err := page.Execute(&text, struct {
		Page
		Title, Done, Post, Home string
	}{p, of.title, of.done, of.post, home})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(text.Bytes())
	return nil
}

// File answers with a file that the pages load.
func File(w http.ResponseWriter, name string) error {
	kind, content := "", []byte(nil)
	switch name {
	case "page.js":
		kind, content = "text/javascript; charset=utf-8", script
	case "page.css":
		kind, content = "text/css; charset=utf-8", style
	default:
		return web.ErrNotFound
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(content)
	return nil
}
