package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// waitFor runs a script in the page until its result is not empty.
func (p *tab) waitFor(script string) string {
	p.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if got := p.eval(script); got != "" {
			return got
		}
		if time.Now().After(end) {
			p.Fatalf("%s: nothing", script)
		}
	}
}

// tryOut sends the example of an operation on the documentation page, and returns
// the status that the page shows.
func (p *tab) tryOut(operation string) string {
	p.Helper()
	id := `#operations-` + operation
	p.waitFor(`document.querySelector("` + id + `")?.id ?? ""`)
	// By script: the page still moves as it opens, and a mouse would miss.
	p.eval(`document.querySelector("` + id + ` .opblock-summary-control").click(); ""`)
	// The page shows an operation before it can send its request. A click that comes then
	// disables the button for ever. When it can, it shows the documented answers too.
	p.waitFor(`document.querySelector("` + id + ` .execute") && document.querySelector("` + id + ` .responses-table .response")?.tagName || ""`)
	p.eval(`window.clicked = 0; ""`)
	return p.waitFor(`(status => {
		if (!status && Date.now() - window.clicked > 2000) {
			window.clicked = Date.now()
			document.querySelector("` + id + ` .execute").click()
		}
		return status
	})(document.querySelector("` + id + ` .live-responses-table .response .response-col_status")?.textContent.trim() ?? "")`)
}

// clickWhenThere clicks by script on an element.
func (p *tab) clickWhenThere(css string) {
	p.Helper()
	p.waitFor(`(e => (e?.click(), e?.tagName ?? ""))(document.querySelector("` + css + `"))`)
}

// openQuickly opens a page with thousands of elements. The reports about each would take
// more time than the page itself.
func openQuickly(t *testing.T, ctx context.Context, url string) *tab {
	t.Helper()
	p := blankTab(t, ctx)
	p.hearsLess()
	p.do(chromedp.Navigate(url))
	return p
}

func insertText(text string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		return chromedp.Void{}, err
	}
}

// loadedFromHere fails when the page has loaded anything from another origin.
func (p *tab) loadedFromHere(origin string) {
	p.Helper()
	for _, url := range strings.Fields(p.eval(`performance.getEntriesByType("resource").map(e => e.name).join(" ")`)) {
		if !strings.HasPrefix(url, origin+"/") && !strings.HasPrefix(url, "data:") {
			p.Errorf("the page has loaded %s", url)
		}
	}
}

// TestTheDocumentationPageSendsRequests in a real browser, on both surfaces: with a
// pasted token on the API's, with the cookie on the BFF's.
func TestTheDocumentationPageSendsRequests(t *testing.T) {
	t.Parallel()
	p := launch(t, shapes[0], "RATE_LIMIT=off")
	id := newBrowser(t, p.bff).signUp("doc@example.com")
	browser := chromium(t)

	api := openQuickly(t, browser, p.api+"/docs")
	api.clickWhenThere(".btn.authorize")
	api.waitFor(`document.querySelector(".auth-container input")?.tagName ?? ""`)
	api.eval(`document.querySelector(".auth-container input").focus(); ""`)
	api.do(insertText(mint(t, claims(id), secret)))
	api.clickWhenThere(".auth-btn-wrapper .authorize")
	api.clickWhenThere(".close-modal")
	if got := api.tryOut("tasks-fetchTasks"); !strings.HasPrefix(got, "200") {
		t.Errorf("fetchTasks: got %q, want 200", got)
	}
	api.loadedFromHere(p.api)
	api.quiet()

	ctx, cancel := chromedp.NewContext(browser)
	defer cancel()
	bff := openQuickly(t, ctx, p.bff+"/api/docs")
	if got := bff.tryOut("account-login"); !strings.HasPrefix(got, "401") { // the example's user is nobody
		t.Errorf("login: got %q, want 401", got)
	}
	bff.eval(`fetch("/api/auth/login", {method: "POST", headers: {"Content-Type": "application/json"},
		body: JSON.stringify({email: "doc@example.com", password: "paper-lantern-42"})}).then(r => window.signedIn = String(r.status)); ""`)
	if got := bff.waitFor(`window.signedIn ?? ""`); got != "200" {
		t.Fatalf("login: got %s, want 200", got)
	}
	if got := bff.tryOut("session-listSessions"); !strings.HasPrefix(got, "200") {
		t.Errorf("listSessions: got %q, want 200", got)
	}
	bff.loadedFromHere(p.bff)
}
