// Package linkpage has the pages that links from mails lead to when a click alone must
// not do what they are for. They are the program's own, so that they are there
// whatever app stands before it, and load nothing from elsewhere: they work without
// the internet, and under a policy that runs no script but theirs.
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
	Undo   = "undo"   // asks whether it is meant, and for a new password
	Reset  = "reset"  // asks for a new password
	Dead   = "dead"   // says that the link no longer works
)

// policy is the pages' CSP. Forms are sent by the script alone.
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

// about is what a kind of page is called, before it is done and after, and where its
// script sends what was typed.
var about = map[string]struct{ title, done, post string }{
	Verify: {"Confirm your address", "Your address is confirmed", "/api/auth/verify-email"},
	Change: {"Confirm your new address", "Your address is changed", "/api/auth/verify-email"},
	Undo:   {"Was this not you?", "The change is stopped", "/api/auth/undo-email"},
	Reset:  {"Choose a new password", "Your password is set", "/api/auth/reset-password"},
	Dead:   {"This link no longer works", "", ""},
}

// Page is what a link leads to.
type Page struct {
	Kind     string
	Site     string // how the product is called: its host
	Token    string // the link's
	Username string // the address that a password manager keeps a password under; "" where it is not looked up
	Next     string // where the browser goes on when it is done, which has been checked; "" is our home page
}

// Write answers the page. Nobody may keep it, and what it loads or leads to does not
// learn of its address, which has the token.
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

// File answers what the pages load.
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
